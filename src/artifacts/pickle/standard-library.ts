// What of Python's own library a pickle may use, and what the rest of it can do. Everything in it that is not named
// here as harmless is refused: the library is finite, and what real pickles need of it is little.
// Names: CPython 3.14 and, for pickles of Python 2, 2.7.

/** Python 2's names of modules, as pickle itself maps them for protocols below 3 (Lib/_compat_pickle.py). */
const renamedModules = new Map(
  Object.entries({
    __builtin__: 'builtins',
    copy_reg: 'copyreg',
    exceptions: 'builtins',
    UserDict: 'collections',
    UserList: 'collections',
    UserString: 'collections',
    Queue: 'queue',
    cPickle: 'pickle',
    cStringIO: 'io',
    StringIO: 'io',
    whichdb: 'dbm',
    commands: 'subprocess',
    httplib: 'http.client',
    urllib2: 'urllib.request',
    'sklearn.externals.joblib': 'joblib',
    'sklearn.externals.joblib.numpy_pickle': 'joblib.numpy_pickle',
  }),
)

/** Names that moved with Python 3. */
const renamedNames = new Map(
  Object.entries({
    'builtins.unicode': 'builtins.str',
    'builtins.long': 'builtins.int',
    'builtins.xrange': 'builtins.range',
    'itertools.izip': 'builtins.zip',
    'itertools.imap': 'builtins.map',
    'itertools.ifilter': 'builtins.filter',
    'itertools.izip_longest': 'itertools.zip_longest',
    'builtins.reduce': 'functools.reduce',
    'builtins.unichr': 'builtins.chr',
    'builtins.intern': 'sys.intern',
    'collections.IterableUserDict': 'collections.UserDict',
    'builtins.StandardError': 'builtins.Exception',
  }),
)

/** @returns the module and the name as they are called today */
export function renamed(module: string, name: string): readonly [string, string] {
  const current = renamedModules.get(module) ?? module
  const path = renamedNames.get(`${current}.${name}`)
  if (path === undefined) return [current, name]
  const dot = path.lastIndexOf('.')
  return [path.slice(0, dot), path.slice(dot + 1)]
}

/**
 * May be called with any harmless arguments, and instantiated: they keep values and do nothing else. A name stands for
 * the class or function, `*` for every class of the module.
 */
const values: Readonly<Record<string, string>> = {
  builtins:
    'object int float complex bool str bytes bytearray list tuple dict set frozenset slice range NotImplementedType ellipsis NotImplemented Ellipsis NoneType',
  collections: 'OrderedDict deque defaultdict Counter ChainMap UserDict UserList UserString',
  _collections: 'deque defaultdict OrderedDict',
  datetime: 'datetime date time timedelta timezone',
  _datetime: 'datetime date time timedelta timezone',
  decimal: 'Decimal',
  _decimal: 'Decimal',
  _pydecimal: 'Decimal',
  fractions: 'Fraction',
  uuid: 'UUID SafeUUID',
  pathlib: 'Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath',
  'pathlib._local': 'Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath',
  ipaddress: 'IPv4Address IPv6Address IPv4Network IPv6Network IPv4Interface IPv6Interface',
  array: 'array _array_reconstructor',
  types: 'SimpleNamespace MappingProxyType NoneType EllipsisType NotImplementedType GenericAlias',
  argparse: 'Namespace',
  io: 'BytesIO StringIO',
  _io: 'BytesIO StringIO',
  random: 'Random',
  _random: 'Random',
  statistics: 'NormalDist',
  string: 'Template Formatter',
  itertools:
    'count cycle repeat chain islice product permutations combinations combinations_with_replacement zip_longest',
  operator: 'itemgetter',
  time: 'struct_time',
  calendar: 'Calendar',
  struct: 'Struct',
  _struct: 'Struct',
  'urllib.parse': 'ParseResult SplitResult DefragResult',
  enum: 'Enum IntEnum Flag IntFlag StrEnum',
  numbers: 'Number Real Integral Complex Rational',
  typing: 'TypeVar',
  inspect: 'Signature Parameter _ParameterKind BoundArguments _empty',
  dataclasses: 'Field _MISSING_TYPE _HAS_DEFAULT_FACTORY_CLASS',
  abc: 'ABC',
  copy: '_EmptyClass',
  'email.message': 'Message EmailMessage',
  'xml.etree.ElementTree': 'Element',
}

/** May be referred to, as a default factory or a key function; not called by the pickle itself. */
const mentions: Readonly<Record<string, string>> = {
  builtins:
    'len abs min max sum sorted reversed round pow divmod hash id repr ascii ord chr bin hex oct all any enumerate zip map filter print isinstance callable type iter next super property staticmethod classmethod',
  math: '*',
  cmath: '*',
  operator:
    'add sub mul truediv floordiv mod pow neg pos abs and_ or_ xor not_ eq ne lt le gt ge getitem contains concat index invert lshift rshift matmul',
  _operator:
    'add sub mul truediv floordiv mod pow neg pos abs and_ or_ xor not_ eq ne lt le gt ge getitem contains concat index invert lshift rshift matmul',
  string: '*',
  copy: 'copy deepcopy',
  statistics: '*',
  'collections.abc': '*',
  functools: 'reduce cmp_to_key',
  itertools: '*',
  typing: '*',
  numbers: '*',
  abc: '*',
  enum: '*',
  time: 'time perf_counter monotonic',
  contextlib: 'nullcontext suppress',
  json: 'dumps',
  random: 'random uniform randint gauss',
}

const valueNames = tableOf(values)
const mentionNames = tableOf(mentions)

export function isValueMaker(module: string, name: string): boolean {
  if (module === 'builtins' && isException(name)) return true
  return valueNames.get(module)?.has(name) === true
}

export function isHarmlessMention(module: string, name: string): boolean {
  const names = mentionNames.get(module)
  if (names === undefined || names.has(name)) return names !== undefined
  // A module is a name in the module that imports it.
  return names.has('*') && /^[A-Za-z]\w*$/.test(name) && !isStandardLibrary(name)
}

function isException(name: string): boolean {
  return /^[A-Z][A-Za-z]*(?:Error|Exception|Warning|Interrupt|Exit|Iteration)$/.test(name) || name === 'ExceptionGroup'
}

export function isStandardLibrary(module: string): boolean {
  return roots.has(rootOf(module))
}

/** `os.path` belongs to `os`. */
export function rootOf(module: string): string {
  const dot = module.indexOf('.')
  return dot < 0 ? module : module.slice(0, dot)
}

function tableOf(table: Readonly<Record<string, string>>): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(Object.entries(table).map(([module, names]) => [module, new Set(names.split(' '))]))
}

const roots = new Set(
  `__future__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio _bisect _blake2
  _bootsubprocess _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections
  _collections_abc _colorize _compat_pickle _compression _contextvars _crypt _csv _ctypes _curses _curses_panel _datetime
  _dbm _decimal _dummy_thread _elementtree _frozen_importlib _frozen_importlib_external _functools _gdbm _hashlib _heapq
  _hmac _imp _interpchannels _interpqueues _interpreters _io _ios_support _json _locale _lsprof _lzma _markupbase _md5 _msi
  _multibytecodec _multiprocessing _opcode _opcode_metadata _operator _osx_support _overlapped _pickle _posixshmem
  _posixsubprocess _py_abc _py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random _remote_debugging
  _scproxy _sha1 _sha2 _sha256 _sha3 _sha512 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string
  _strptime _struct _suggestions _symtable _sysconfig _thread _threading_local _tkinter _tokenize _tracemalloc _types
  _typing _uuid _warnings _weakref _weakrefset _winapi _wmi _zoneinfo _zstd abc aifc annotationlib antigravity argparse
  array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect builtins bz2 cProfile calendar cgi cgitb
  chunk cmath cmd code codecs codeop collections colorsys compileall compression concurrent configparser contextlib
  contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email
  encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch formatter fractions ftplib functools gc
  genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp
  importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma macpath mailbox mailcap
  marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers
  opcode operator optparse os ossaudiodev parser pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix
  posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline
  reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr
  socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct
  subprocess sunau symbol symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading
  time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata
  unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile
  zipimport zlib zoneinfo
  __builtin__ _winreg anydbm bsddb commands compiler cookielib copy_reg cPickle cStringIO dbhash dircache dl dumbdbm exceptions
  fpformat gdbm htmlentitydefs htmllib HTMLParser httplib ihooks imputil md5 mhlib mimetools mimify multifile mutex new
  os2emxpath popen2 posixfile Queue rexec rfc822 robotparser ScrolledText sets sgmllib sha SimpleHTTPServer SimpleXMLRPCServer
  SocketServer statvfs StringIO thread Tkinter tkFileDialog toaiff urllib2 urlparse user UserDict UserList UserString
  whichdb xmlrpclib distutils pip setuptools pkg_resources _distutils_hack wheel`.split(/\s+/),
)
