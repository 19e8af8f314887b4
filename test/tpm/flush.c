/* A stranger in the process that empties OpenSSL's method cache, as any load of a provider does. */
#include <node_api.h>
#include <openssl/provider.h>

static napi_value flush(napi_env env, napi_callback_info info) {
  (void)info;
  OSSL_PROVIDER *provider = OSSL_PROVIDER_try_load(NULL, "null", 1);
  if (provider != NULL) OSSL_PROVIDER_unload(provider);
  napi_value done;
  napi_get_boolean(env, provider != NULL, &done);
  return done;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "flush", NAPI_AUTO_LENGTH, flush, NULL, &function);
  napi_set_named_property(env, exports, "flush", function);
  return exports;
}
