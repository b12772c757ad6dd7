// What calling a name does, and how grave that is by when it happens. Paths are those of Python's library and of the
// packages that are common beside models; `()` stands for what a call gives back.
import type { Severity } from '../rule.ts'

export type EffectKind = 'program' | 'code' | 'loading' | 'network' | 'writing' | 'native' | 'reading'

export interface Effect {
  readonly kind: EffectKind
  /** Completes "when it is imported, the file …". */
  readonly what: string
  /** When it happens as the file is imported. */
  readonly atImport: Severity
  /** In what a framework calls by its name: a handler's `handle`, a model's `forward`. */
  readonly atUse: Severity
  /** In any other function. */
  readonly inFunction: Severity
}

const effects: readonly (readonly [EffectKind, string, Severity, Severity, Severity, RegExp])[] = [
  [
    'program',
    'runs a program',
    'critical',
    'high',
    'low',
    /^(?:os|posix|nt)\.(?:system|popen\w*|exec[lv]\w*|spawn[lv]\w*|posix_spawnp?|startfile|fork\w*)$/,
  ],
  [
    'program',
    'runs a program',
    'critical',
    'medium',
    'low',
    /^(?:subprocess\.(?:run|Popen|call|check_call|check_output|getoutput|getstatusoutput)|_posixsubprocess\.fork_exec|asyncio\.(?:subprocess\.)?create_subprocess_\w+|asyncio\.subprocess\.\w+)$/,
  ],
  [
    'program',
    'runs a program',
    'critical',
    'high',
    'medium',
    /^(?:pty\.(?:spawn|fork)|commands\.\w+|popen2\.\w+|pexpect\.(?:run|spawn)|sh\.\w+|invoke\.run|plumbum\.\w+.*|fabric\.\w+|platform\.popen|distutils\.spawn\.\w+|webbrowser\.open\w*|_winapi\.CreateProcess|ensurepip\.\w+|pip\.main|pip\._internal\.main|pip\._internal\.cli\.main\.main|torch\.utils\.collect_env\.run|IPython\.get_ipython\(\)\.(?:system|run_\w+|getoutput)|builtins\.get_ipython\(\)\.(?:system|run_\w+|getoutput)|uuid\._get_command_stdout|_osx_support\._read_output|pydoc\.(?:pipepager|tempfilepager))$/,
  ],
  [
    'native',
    'calls a function of the system',
    'critical',
    'high',
    'medium',
    /^ctypes\..*\.(?:system|popen|exec[lv]\w*|WinExec|ShellExecute\w*|VirtualAlloc\w*|CreateThread|RtlMoveMemory|mmap|mprotect|CreateRemoteThread|URLDownloadToFile\w*)$/,
  ],
  [
    'native',
    'calls machine code',
    'high',
    'medium',
    'low',
    /^ctypes\.(?:CFUNCTYPE|WINFUNCTYPE|PYFUNCTYPE)\(\)$|^ctypes\.pythonapi\.\w+$/,
  ],
  [
    'native',
    'loads a library',
    'medium',
    'low',
    'info',
    /^(?:ctypes\.(?:CDLL|PyDLL|WinDLL|OleDLL|cdll\.LoadLibrary|windll\.LoadLibrary)|cffi\.FFI\(\)\.(?:dlopen|verify)|_ctypes\.dlopen|torch\.(?:ops|classes)\.load_library|tensorflow\.load_op_library|imp\.load_dynamic)$/,
  ],
  [
    'native',
    'compiles and loads native code',
    'medium',
    'low',
    'info',
    /^(?:torch\.utils\.cpp_extension\.(?:load|load_inline)|numpy\.f2py\.compile|cppyy\.\w+|cupy\.Raw(?:Kernel|Module))$/,
  ],
  ['code', 'runs code made at run time', 'high', 'low', 'low', /^builtins\.(?:exec|eval|execfile)$/],
  [
    'code',
    'runs code in an unusual way',
    'high',
    'high',
    'medium',
    /^(?:code\.(?:interact|Interactive\w+.*)|runpy\.run_\w+|types\.(?:FunctionType|CodeType|LambdaType)|timeit\.(?:timeit|repeat|Timer.*)|cProfile\.run\w*|profile\.run\w*|trace\.Trace.*|bdb\.\w+|pdb\.(?:run\w*|Pdb.*)|doctest\.debug\w*|lib2to3\.pgen2\.grammar\.Grammar\.loads|numpy\.testing\._private\.utils\.runstring|idlelib\..*|_testcapi\..*|_xxsubinterpreters\..*|_interpreters\.\w*run\w*)$/,
  ],
  [
    'loading',
    'loads objects that can run code',
    'medium',
    'info',
    'info',
    /^(?:pickle|cPickle|_pickle|dill|cloudpickle|joblib|shelve|jsonpickle|pandas|torch|hickle)\.(?:load|loads|open|decode|read_pickle)$|^pickle\.Unpickler\(\)\.load$|^yaml\.(?:load|unsafe_load|full_load|load_all)$/,
  ],
  [
    'loading',
    'loads code',
    'high',
    'medium',
    'medium',
    /^marshal\.loads?$|^importlib\.(?:machinery\.)?(?:SourceFileLoader|SourcelessFileLoader|ExtensionFileLoader)(?:\(\))?(?:\.(?:load_module|exec_module))?$|^imp\.load_(?:source|module|compiled)$|^zipimport\.\w+.*$/,
  ],
  [
    'loading',
    'fetches and runs code of another repository',
    'medium',
    'low',
    'info',
    /^(?:torch\.hub\.load|diffusers\.utils\.dynamic_modules_utils\.\w+|transformers\.dynamic_module_utils\.\w+)$/,
  ],
  [
    'network',
    'uses the network',
    'high',
    'info',
    'info',
    /^(?:socket\.(?:socket|create_connection|create_server|getaddrinfo|gethostby\w+|fromfd)|_socket\.socket|urllib\.request\.(?:urlopen|urlretrieve|build_opener.*)|urllib\.(?:urlopen|urlretrieve)|urllib2\.\w+|urllib3\.(?:PoolManager.*|request)|requests\.(?:get|post|put|patch|delete|head|options|request|Session\(\)\.\w+|session\(\)\.\w+|api\.\w+)|httpx\.(?:get|post|put|patch|delete|head|request|stream|Client\(\)\.\w+)|aiohttp\.ClientSession.*|http\.client\.HTTPS?Connection.*|httplib\.\w+.*|ftplib\.FTP.*|smtplib\.SMTP.*|telnetlib\.\w+.*|poplib\.\w+|imaplib\.\w+.*|xmlrpc\.client\.\w+|paramiko\.\w+.*|websocket\.\w+.*|websockets\.connect|wget\.download|dns\.resolver\.\w+|socketserver\.\w+.*|http\.server\.\w+.*|pycurl\..*|boto3\.(?:client|resource)\(\)\.\w+)$/,
  ],
  [
    'writing',
    'deletes or replaces files',
    'high',
    'low',
    'info',
    /^(?:shutil\.(?:rmtree|move|copy\w*|chown|unpack_archive)|os\.(?:remove|unlink|rename|replace|removedirs|rmdir|chmod|chown|symlink|link|truncate|mkfifo|mknod|putenv|kill|setuid)|tarfile\.open\(\)\.extract\w*|zipfile\.ZipFile\(\)\.extract\w*)$/,
  ],
  [
    'writing',
    'changes what the interpreter does',
    'high',
    'medium',
    'low',
    /^(?:sys\.(?:settrace|setprofile|addaudithook|meta_path\.(?:append|insert)|path_hooks\.(?:append|insert))|site\.\w+|gc\.get_(?:objects|referrers)|threading\.settrace|builtins\.__dict__\.update)$/,
  ],
  [
    'writing',
    'puts up something that stays',
    'critical',
    'high',
    'medium',
    /^(?:winreg\.(?:SetValueEx|CreateKey\w*)|_winreg\.(?:SetValue\w*|CreateKey\w*)|crontab\.\w+.*)$/,
  ],
]

/** @returns undefined for a call of which nothing is known */
export function effectOf(path: string): Effect | undefined {
  for (const [kind, what, atImport, atUse, inFunction, pattern] of effects)
    if (pattern.test(path)) return { kind, what, atImport, atUse, inFunction }
  return undefined
}

/** Functions that frameworks call by their names: servers' handlers, data set builders, models, build scripts. */
export const entryPoints: ReadonlySet<string> = new Set(
  `initialize preprocess inference postprocess handle predict predict_stream load_context load_model load_pyfunc _load_pyfunc
  model_fn input_fn predict_fn output_fn transform_fn __init__ __new__ __call__ __post_init__ __setstate__ __reduce__
  __getattr__ __getattribute__ __del__ __init_subclass__ __set_name__ __class_getitem__ __enter__ __exit__ __prepare__
  __instancecheck__ __subclasscheck__ __get__ __set__ __missing__ __repr__ __str__ __len__ __iter__ __getitem__ __torch_function__
  forward generate from_pretrained _from_config from_config _init_weights post_init tie_weights _load_from_state_dict
  _split_generators _generate_examples _generate_tables _info _prepare_split _post_process manual_dataset_path
  setup main run init load execute tokenize _tokenize encode convert_tokens_to_string on_load ready lambda_handler
  build finalize_options initialize_options predict_batch batch_predict warmup load_tokenizer TritonPythonModel`.split(
    /\s+/,
  ),
)

/** Files whose change takes effect when a person or the machine starts something. */
export const startupPath =
  /(?:^|[\\/~])(?:\.bashrc|\.bash_profile|\.bash_login|\.zshrc|\.zshenv|\.profile|\.xinitrc|\.config[\\/]autostart|\.ssh[\\/](?:authorized_keys|config|rc)|crontabs?|cron\.d|sitecustomize\.py|usercustomize\.py|LaunchAgents|rc\.local|ld\.so\.preload|sudoers|Start Menu[\\/]Programs[\\/]Startup|systemd[\\/](?:system|user))(?:$|[\\/])|site-packages[\\/][^\\/]*\.pth$|^\/etc\/(?:passwd|shadow|hosts|profile|cron)/i

/** Files that hold what must not leave the machine. */
export const secretPath =
  /(?:^|[\\/~])(?:\.ssh(?:[\\/]|$)|id_(?:rsa|dsa|ed25519|ecdsa)|\.aws[\\/]|\.azure[\\/]|\.kube[\\/]config|\.docker[\\/]config\.json|\.git-credentials|\.netrc|\.npmrc|\.pypirc|\.pgpass|\.gnupg|\.env$|gcloud[\\/]|huggingface[\\/](?:token|stored_tokens)|\.bash_history|Login Data|Cookies|wallet\.dat|keychain|serviceaccount[\\/]token)|^\/etc\/(?:passwd|shadow)|^\/proc\/(?:self|\d+)\/environ|169\.254\.169\.254|metadata\.google/i

export const secretVariable = /TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|AWS_|AZURE_|GCP_|^KEY$/i

/** Tools that models' code runs for media, compilers and hardware. */
export const usualProgram =
  /^(?:\S*\/)?(?:ffmpeg|ffprobe|sox|nvidia-smi|rocm-smi|nvcc|gcc|g\+\+|clang(?:\+\+)?|cc|make|cmake|ninja|git\s+(?:rev-parse|describe|log|status|lfs)|uname|lscpu|lspci|espeak(?:-ng)?|flac|tar|unzip|gunzip|7z|which|where|ldconfig|hostname|nproc|java|tesseract|pdftotext|pdftoppm|ls|mkdir|taskset|numactl)(?:\s|$)/

export const installsPackages =
  /^(?:\S*\/)?(?:python\S*\s+-m\s+)?(?:uv\s+)?pip\d?\s+install\s+(?!.*(?:https?:|git\+|--index-url|--extra-index-url|-i\s))[\w\s[\]=<>.,~!"'-]+$/
