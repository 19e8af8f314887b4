// Key management of the provider: the type "EC", public half only.
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <cstring>

#include "provider.h"

namespace gridward {
namespace {

constexpr const char* kGroup = "prime256v1";
constexpr int kBits = 256;
constexpr int kSecurityBits = 128;

ProviderKey* KeyOf(void* data) { return static_cast<ProviderKey*>(data); }
const ProviderKey* KeyOf(const void* data) { return static_cast<const ProviderKey*>(data); }

void* New(void*) { return new (std::nothrow) ProviderKey(); }

void Free(void* data) {
  if (data != nullptr) Release(KeyOf(data));
}

// The decoder hands its key over by reference: ours now.
void* Load(const void* reference, size_t size) {
  if (size != sizeof(ProviderKey*)) return nullptr;
  ProviderKey* key = nullptr;
  std::memcpy(&key, reference, sizeof(key));
  ProviderKey* const none = nullptr;
  std::memcpy(const_cast<void*>(reference), &none, sizeof(none));
  return key;
}

int Has(const void* data, int selection) {
  const ProviderKey* key = KeyOf(data);
  if (key == nullptr) return 0;
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key->handle == 0) return 0;
  if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && !key->hasPoint) return 0;
  return 1;
}

// The private half cannot be compared; the public one says it all.
int Match(const void* left, const void* right, int selection) {
  if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0) return 1;
  const ProviderKey* a = KeyOf(left);
  const ProviderKey* b = KeyOf(right);
  return a->hasPoint && b->hasPoint && a->point == b->point ? 1 : 0;
}

int SetText(OSSL_PARAM* params, const char* name, const char* text) {
  OSSL_PARAM* wanted = OSSL_PARAM_locate(params, name);
  return wanted == nullptr ? 1 : OSSL_PARAM_set_utf8_string(wanted, text);
}

int SetNumber(OSSL_PARAM* params, const char* name, int number) {
  OSSL_PARAM* wanted = OSSL_PARAM_locate(params, name);
  return wanted == nullptr ? 1 : OSSL_PARAM_set_int(wanted, number);
}

int SetPoint(OSSL_PARAM* params, const char* name, const ProviderKey& key) {
  OSSL_PARAM* wanted = OSSL_PARAM_locate(params, name);
  if (wanted == nullptr) return 1;
  return key.hasPoint ? OSSL_PARAM_set_octet_string(wanted, key.point.data(), key.point.size()) : 0;
}

int GetParams(void* data, OSSL_PARAM params[]) {
  const ProviderKey& key = *KeyOf(data);
  return SetNumber(params, OSSL_PKEY_PARAM_BITS, kBits) == 1 && SetNumber(params, OSSL_PKEY_PARAM_SECURITY_BITS, kSecurityBits) == 1 &&
                 SetNumber(params, OSSL_PKEY_PARAM_MAX_SIZE, static_cast<int>(kSignatureBytesMax)) == 1 &&
                 SetText(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256") == 1 &&
                 SetText(params, OSSL_PKEY_PARAM_GROUP_NAME, kGroup) == 1 &&
                 SetText(params, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") == 1 &&
                 SetText(params, OSSL_PKEY_PARAM_EC_FIELD_TYPE, "prime-field") == 1 &&
                 SetPoint(params, OSSL_PKEY_PARAM_PUB_KEY, key) == 1 &&
                 SetPoint(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, key) == 1
             ? 1
             : 0;
}

const OSSL_PARAM* GettableParams(void*) {
  static const OSSL_PARAM list[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_FIELD_TYPE, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, nullptr, 0),
      OSSL_PARAM_END,
  };
  return list;
}

int Import(void* data, int selection, const OSSL_PARAM params[]) {
  ProviderKey& key = *KeyOf(data);
  const OSSL_PARAM* group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
  const OSSL_PARAM* point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
  // A private key of a file has no place here.
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
  if (group == nullptr || group->data_type != OSSL_PARAM_UTF8_STRING || std::strcmp(static_cast<const char*>(group->data), kGroup) != 0) {
    return 0;
  }
  if (point == nullptr || point->data_size != key.point.size()) return 0;
  void* into = key.point.data();
  size_t used = 0;
  key.hasPoint = OSSL_PARAM_get_octet_string(point, &into, key.point.size(), &used) == 1 && used == key.point.size();
  return key.hasPoint ? 1 : 0;
}

// The public half, whatever is asked for: Node 22 aborts the process where an export fails, and there is nothing else to give.
int Export(void* data, int, OSSL_CALLBACK* take, void* argument) {
  ProviderKey& key = *KeyOf(data);
  if (!key.hasPoint) return 0;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(kGroup), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, key.point.data(), key.point.size()),
      OSSL_PARAM_construct_end(),
  };
  return take(params, argument);
}

const OSSL_PARAM* Types(int) {
  static const OSSL_PARAM list[] = {
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_END,
  };
  return list;
}

// A name of our own: OpenSSL then finds our signature without any property query.
const char* OperationName(int operation) { return operation == OSSL_OP_SIGNATURE ? kSignatureName : nullptr; }

template <class Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)(void)>(function)};
}

const OSSL_DISPATCH kFunctions[] = {
    Entry(OSSL_FUNC_KEYMGMT_NEW, New),
    Entry(OSSL_FUNC_KEYMGMT_FREE, Free),
    Entry(OSSL_FUNC_KEYMGMT_LOAD, Load),
    Entry(OSSL_FUNC_KEYMGMT_HAS, Has),
    Entry(OSSL_FUNC_KEYMGMT_MATCH, Match),
    Entry(OSSL_FUNC_KEYMGMT_GET_PARAMS, GetParams),
    Entry(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, GettableParams),
    Entry(OSSL_FUNC_KEYMGMT_IMPORT, Import),
    Entry(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, Types),
    Entry(OSSL_FUNC_KEYMGMT_EXPORT, Export),
    Entry(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, Types),
    Entry(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, OperationName),
    {0, nullptr},
};

}  // namespace

void Release(ProviderKey* key) {
  if (key->references.fetch_sub(1) == 1) delete key;
}

// TLS asks whether a key is an "id-ecPublicKey": the type's real name is the only one that will do.
const OSSL_ALGORITHM kKeyManagement[] = {
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=gridward", kFunctions, "P-256 key in the TPM"},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace gridward
