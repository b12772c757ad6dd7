// Names that say that something is done: a function that loads, a class that reads files. A class of a framework is
// otherwise no more than its values; these are not instantiated, referred to or called without a finding.

/** @param name  of a class or a function, dotted when it is within a class */
export function isActiveName(module: string, name: string): boolean {
  if (passive.some((pattern) => pattern.test(`${module}.${name}`))) return false
  return wordsOf(name).some((word) => activeWords.has(word))
}

/** `LazyCorpusLoader` → lazy, corpus, loader; `safe_load` → safe, load; `HDFStore` → hdf, store. */
function wordsOf(name: string): string[] {
  const words = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []
  return words.map((word) => word.toLowerCase())
}

const activeWords = new Set(
  `load loads loader lazy open opener read reads reader readline writer write writes exec execute executor execve
  eval run runs runner runpy import imports importer compile compiler system popen spawn shell command subprocess process
  fetch fetcher download downloader urlopen url urlretrieve http https request requests ftp socket server client session
  connection save saves dump dumps pickle unpickler pickler joblib marshal deserialize deserializer fromfile tofile
  memmap mmap loadtxt savetxt savez genfromtxt fromregex file files filename fileobj disk pretrained hub checkpointer
  console debugger corpus corpora stream streamer archive zip tar repository datasource database sql store hdf excel
  thread pool launcher launch worker daemon callback_server plugin dll ctypes cdll extension getoutput script
  sentence sentences glob walk unlink rmtree remove rename mkdir makedirs chmod kill exit fork sys environ getenv putenv`.split(
    /\s+/,
  ),
)

/** What only sounds like it: model parts, settings, and what frameworks keep in their checkpoints. */
const passive: readonly RegExp[] = [
  /^torch\.(?:nn|optim|ao|amp|backends|distributed\.checkpoint|utils\.data\.(?:dataset|sampler|distributed))\b.*\._*[A-Z]\w*$/,
  /^fastai\..*\.[A-Z_]\w*$/,
  /^PIL\.\w+ImagePlugin\.\w+ImageFile$/,
  /^(?:sklearn|scipy|statsmodels|xgboost|lightgbm|catboost|torchmetrics|torchvision\.(?:models|ops|transforms))\b.*\._*[A-Z]\w*$/,
  /^(?:transformers|diffusers|accelerate|peft|trl)\b.*\.(?:\w*(?:Strategy|Config|Plugin|Arguments|State|Type|Mode|Backend|Kwargs|Output|Processor|Tokenizer\w*|Criteria|Model|Layer|Embeddings?|Encoding|Feature)|[A-Z]\w*(?:Attention|MLP|Block|Pooler|Head|Norm))$/,
  /^torch\.utils\.data\.dataloader\.DataLoader$/,
  /^(?:pytorch_lightning|lightning)\b.*\._*[A-Z]\w*$/,
  /^(?:detectron2|mmcv|mmengine|ultralytics|timm|monai)\b.*\._*[A-Z]\w*$/,
]
