{
  # `native/build.sh` runs this. OpenSSL and Node-API come from the Node that loads the addon, never from the system:
  # the headers are the Node's own, and the symbols are left for the executable to give.
  'variables': { 'sanitize%': 'false' },
  'targets': [{
    'target_name': 'gridward',
    'sources': [
      'src/addon.cc', 'src/bindings.cc', 'src/notify.cc', 'src/fault.cc', 'src/connection.cc', 'src/service.cc',
      'src/key.cc', 'src/sealed.cc', 'src/attest.cc', 'src/provider.cc', 'src/provider_key.cc', 'src/provider_sign.cc',
      'src/provider_decode.cc',
    ],
    'include_dirs': ["<!(node -p \"require('path').dirname(require.resolve('node-addon-api'))\")"],
    'defines': ['NAPI_VERSION=9', 'NAPI_CPP_EXCEPTIONS', 'OPENSSL_API_COMPAT=30000', 'OPENSSL_NO_DEPRECATED'],
    'cflags!': ['-fno-exceptions'],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti'],
    'cflags_cc': ['-std=c++17', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-fvisibility=hidden', '-fstack-protector-strong', '-O2'],
    # nodelete: a worker that ends must not take the code away from under OpenSSL (firmware/adr/0006-tls-key-in-tpm.md)
    'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,relro', '-Wl,-z,now'],
    'libraries': ['-ltss2-esys', '-ltss2-tctildr', '-ltss2-mu', '-ltss2-rc'],
    'conditions': [
      ['sanitize=="true"', {
        'cflags_cc': ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-Wno-error', '-fno-omit-frame-pointer', '-g', '-O1'],
        'ldflags': ['-fsanitize=address,undefined'],
      }],
    ],
  }],
}
