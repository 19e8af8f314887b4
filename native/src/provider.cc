// Registration of the provider, its errors, and the care for OpenSSL's method cache.
//
// OpenSSL caches a method per query; a query without properties takes the first implementation of its list. Where our "EC" comes
// to stand first, every EC key generation of the process fails. So "EC" is asked for once right after the load, when the default
// provider's still stands first, and again whenever a signature begins, because a flush of the cache starts the race anew.
#include "provider.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <cctype>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

namespace gridward {
namespace {

constexpr const char* kProviderName = "gridward";
OSSL_FUNC_BIO_read_ex_fn* coreRead = nullptr;
int errorLibrary = 0;

const OSSL_ALGORITHM* Query(void*, int operation, int* noCache) {
  *noCache = 0;
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return kKeyManagement;
    case OSSL_OP_SIGNATURE:
      return kSignatures;
    case OSSL_OP_DECODER:
      return kDecoders;
    default:
      return nullptr;
  }
}

void Teardown(void*) {}

template <class Function>
constexpr OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)(void)>(function)};
}

int Initialise(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH* core, const OSSL_DISPATCH** functions, void** context) {
  static const OSSL_DISPATCH table[] = {
      Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, Query),
      Entry(OSSL_FUNC_PROVIDER_TEARDOWN, Teardown),
      {0, nullptr},
  };
  for (; core->function_id != 0; ++core) {
    if (core->function_id == OSSL_FUNC_BIO_READ_EX) coreRead = OSSL_FUNC_BIO_read_ex(core);
  }
  if (coreRead == nullptr) return 0;
  static int here = 0;
  *context = &here;
  *functions = table;
  return 1;
}

// `TPM hung` becomes ERR_SSL_TPM_HUNG; without a reason text Node drops the error and reports a bare ECONNRESET.
void LoadReasons() {
  errorLibrary = ERR_get_next_error_library();
  static std::vector<std::string> texts;
  static std::vector<ERR_STRING_DATA> reasons;
  texts.reserve(kFaults + 1);
  reasons.push_back({ERR_PACK(errorLibrary, 0, 0), kProviderName});
  for (int fault = 1; fault <= kFaults; fault += 1) {
    std::string text = std::string("tpm ") + NameOf(static_cast<Fault>(fault));
    for (char& letter : text) {
      if (letter == '-') letter = ' ';
    }
    texts.push_back(text);
    reasons.push_back({ERR_PACK(errorLibrary, 0, fault), texts.back().c_str()});
  }
  reasons.push_back({0, nullptr});
  ERR_load_strings(errorLibrary, reasons.data());
}

bool GenericIsDefault() {
  EVP_KEYMGMT* generic = EVP_KEYMGMT_fetch(nullptr, "EC", nullptr);
  if (generic == nullptr) return false;
  const char* name = OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(generic));
  const bool isDefault = name != nullptr && std::strcmp(name, kProviderName) != 0;
  EVP_KEYMGMT_free(generic);
  return isDefault;
}

}  // namespace

OSSL_FUNC_BIO_read_ex_fn* CoreRead() { return coreRead; }

void Raise(const TpmError& error) {
  ERR_raise_data(errorLibrary, static_cast<int>(error.fault()), "%s", error.what());
}

void Heal() {
  if (GenericIsDefault()) return;
  // Loading and unloading any provider empties the cache; the next fetch finds the default provider's first again.
  OSSL_PROVIDER* flush = OSSL_PROVIDER_try_load(nullptr, "null", 1);
  if (flush != nullptr) OSSL_PROVIDER_unload(flush);
  GenericIsDefault();
}

void InstallProvider() {
  static std::mutex mutex;
  static bool installed = false;
  const std::lock_guard<std::mutex> lock(mutex);
  if (installed) return;
  LoadReasons();
  if (OSSL_PROVIDER_add_builtin(nullptr, kProviderName, Initialise) != 1) throw std::runtime_error("OpenSSL takes no built-in provider");
  // Never unloaded: contexts in use would lose their key. The 1 keeps the default provider loaded by itself.
  OSSL_PROVIDER* provider = OSSL_PROVIDER_try_load(nullptr, kProviderName, 1);
  if (provider == nullptr) throw std::runtime_error("OpenSSL does not load the provider of the TPM key");
  if (!GenericIsDefault()) {
    OSSL_PROVIDER_unload(provider);
    throw std::runtime_error("OpenSSL would use the provider of the TPM key for every EC key");
  }
  installed = true;
}

}  // namespace gridward
