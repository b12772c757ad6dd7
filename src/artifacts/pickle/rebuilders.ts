// Functions and constructors that rebuild a value of a framework from data: what the __reduce__ methods of real models
// name. They may be called with anything that is not itself refused.
// Sources: the __reduce__ methods of numpy 2.4, torch 2.13, scikit-learn 1.9, pandas 3.0, scipy 1.17, joblib 1.6,
// pyarrow 25, spaCy 3.8, tensorflow 2.19, dateutil 2.9, pytz 2025.

/** Patterns over `module.name`. */
const rebuilders: readonly RegExp[] = [
  /^numpy(?:\.core|\._core)\.(?:multiarray|_multiarray_umath)\.(?:_reconstruct|scalar)$/,
  /^numpy(?:\.core|\._core)\.numeric\._frombuffer$/,
  /^numpy(?:\.core|\._core)\._internal\._convert_to_stringdtype_kwargs$/,
  /^numpy\.(?:ndarray|dtype|matrix|recarray|record|(?:u?int|float|complex)\d*_?|bool\d?_?|str_|bytes_|void|object_|generic|u?longlong|intc|uintc|intp|uintp|u?long|u?short|u?byte|c?longdouble|clongfloat|half|single|c?double|csingle|datetime64|timedelta64|poly1d)$/,
  /^numpy\.matrixlib\.defmatrix\.matrix$/,
  /^numpy(?:\.core|\._core)?\.(?:records\.)?(?:recarray|record)$/,
  /^numpy\.dtypes\.\w+DType$/,
  /^numpy\.ma\.core\._(?:mareconstruct|mvoid)$/,
  /^numpy\.ma\.mrecords\._mrreconstruct$/,
  /^numpy\.polynomial\.\w+\.[A-Z]\w*$/,
  /^torch\._utils\._rebuild_\w+$/,
  /^torch\.jit\._pickle\.(?:build_(?:int|tensor|double|bool)list|build_tensor_from_id|restore_type_tag)$/,
  /^torch\.(?:Tensor|Size|device|dtype|Generator|layout|memory_format|qscheme|QScheme)$/,
  /^torch\.nn\.parameter\.(?:Parameter|Buffer|Uninitialized(?:Parameter|Buffer))$/,
  /^torch\.serialization\._(?:get_layout|get_dtype)$/,
  /^torch(?:\.cuda|\.sparse)?\.(?:[A-Z]\w*Storage|[A-Z]\w*Tensor)$/,
  /^torch\.storage\.(?:Untyped|Typed|_LegacyStorage)\w*$/,
  /^torch\.(?:float|double|half|bfloat16|u?int\d+|float\d+\w*|complex\d+|c(?:float|double|half)|bool|short|long|int|qu?int\w+|strided|jagged|_mkldnn|sparse_\w+|per_\w+|contiguous_format|channels_last\w*|preserve_format)$/,
  /^torch\.torch_version\.TorchVersion$/,
  /^torch\.distributed\.(?:_remote_device\._remote_device|remote_device\._remote_device)$/,
  /^pandas\._libs\.internals\._unpickle_block$/,
  /^pandas\.core\.indexes\.\w+\._new_(?!Index$)\w+$/,
  /^pandas\._libs\.(?:tslibs\.\w+\.)?_(?:unpickle_\w+|nat_unpickle|timedelta_unpickle)$/,
  /^pandas\._libs\.tslibs\.(?:offsets|period|timedeltas|timestamps|nattype|dtypes)\.[A-Z_]\w*$/,
  /^pandas\._libs\.tslibs\.(?:period\._unpickle_period|offsets\.(?:to_offset|_offset)|nattype\.\w+|timestamps\._unpickle_timestamp|timedeltas\._timedelta_unpickle)$/,
  /^pandas\._libs\.(?:interval\.Interval|missing\.NA(?:Type)?|sparse\.(?:IntIndex|BlockIndex)|arrays\.NDArrayBacked|internals\.BlockPlacement)$/,
  /^pandas\.core\.internals\.(?:managers|blocks)\.\w*(?:BlockManager|Block|new_block|make_block)$/,
  /^pandas\.(?:Timestamp|Timedelta|Period|Interval|NaT|NA|\w+Dtype|\w+Index|Index|DataFrame|Series|Categorical|arrays\.\w+)$/,
  /^pandas\.core\.dtypes\.dtypes\.\w+Dtype$/,
  /^pandas\.core\.(?:indexes|arrays)\.[\w.]+\.[A-Z]\w*$/,
  /^sklearn\.(?:tree\._tree\.Tree|neighbors\.(?:_kd_tree|_ball_tree|kd_tree|ball_tree|_quad_tree|quad_tree)\.(?:newObj|\w+Tree\w*)|(?:metrics|neighbors)\._?dist_metrics\.newObj)$/,
  /^sklearn\._loss\.(?:_loss|loss|link|glm_distribution)\.\w+$/,
  /^sklearn\.(?:linear_model\._sgd_fast|utils\._weight_vector|utils\._random|utils\._fast_dict|ensemble\._hist_gradient_boosting\.[\w.]+|gaussian_process\.kernels|linear_model\.sgd_fast|ensemble\.gradient_boosting|ensemble\._gb_losses)\.[A-Z]\w*$/,
  /^(?:re|_regex|regex\._regex_core|regex)\._compile$/,
  // Cython's own, of a class in a package that is known; for others see the judge.
  /^(?:numpy|scipy|sklearn|pandas|statsmodels|spacy|thinc|cymem|preshed|gensim|hdbscan|implicit|lightfm|nltk|fastparquet|polars|xgboost|catboost)\b[\w.]*\.__pyx_unpickle_\w+$/,
  /^(?:scipy\.spatial\._ckdtree|scipy\.spatial\.ckdtree)\.\w+$/,
  /^dateutil\.tz\.(?:tz|_common)\.tz(?:utc|local|offset|range|str)$/,
  /^pytz\.(?:_UTC|_p|tzinfo\._UTC|tzinfo\._p)$/,
  /^pyarrow\.lib\.(?:_restore_array|py_buffer|chunked_array|_reconstruct_\w+|type_for_alias|schema|field|(?!(?:Py|Unknown)?ExtensionType$)\w+Type)$/,
  /^pyarrow\.lib\.(?:list_|large_list|struct|map_|dictionary|timestamp|time32|time64|duration|decimal\d+|u?int\d+|float\d+|string|utf8|large_string|large_utf8|binary|large_binary|bool_|null|date32|date64|fixed_size_binary)$/,
  /^(?:jax\._src\.array\._reconstruct_array|jaxlib\.xla_extension\.\w+|jaxlib\._jax\.[A-Z]\w+)$/,
  /^cupy\._core\.core\.array$/,
  /^(?:spacy|thinc|cymem|preshed)\.[\w.]+\._?unpickle_\w+$/,
  /^tensorflow\.python\.framework\.(?:dtypes\.(?:as_dtype|DType)|tensor_shape\.(?:TensorShape|as_shape|Dimension)|ops\.convert_to_tensor|tensor_conversion\.convert_to_tensor)$/,
  /^networkx\.[\w.]+\.\w*Graph$/,
  /^omegaconf\.[\w.]+\.(?:DictConfig|ListConfig|\w+Node|Metadata|ContainerMetadata)$/,
]

export function isRebuilder(path: string): boolean {
  return rebuilders.some((pattern) => pattern.test(path))
}

/** In any package: named like a function that gives a value its form back. */
export function isReconstructorName(name: string): boolean {
  return /^_*(?:re_?construct|re_?build|un_?pickle|new_?obj|ctor|make_(?:array|tensor)|from_state|restore)(?:_\w+|[A-Z]\w*)?$|^__pyx_unpickle_|_ctor$/i.test(
    name,
  )
}
