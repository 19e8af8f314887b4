// ECDSA of the provider: the digest is made here, the signature in the TPM.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>

#include "key.h"
#include "provider.h"
#include "service.h"

namespace gridward {
namespace {

// AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 3.2), for whoever signs a certificate request.
constexpr uint8_t kAlgorithm[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};

struct Context {
  ProviderKey* key = nullptr;
  EVP_MD_CTX* digest = nullptr;
};

Context* ContextOf(void* data) { return static_cast<Context*>(data); }

void* New(void*, const char*) {
  Heal();
  return new (std::nothrow) Context();
}

void Free(void* data) {
  Context* context = ContextOf(data);
  if (context == nullptr) return;
  if (context->key != nullptr) Release(context->key);
  EVP_MD_CTX_free(context->digest);
  delete context;
}

void* Duplicate(void* data) {
  const Context* from = ContextOf(data);
  auto* to = new (std::nothrow) Context();
  if (to == nullptr) return nullptr;
  if (from->key != nullptr) {
    from->key->references += 1;
    to->key = from->key;
  }
  if (from->digest != nullptr) {
    to->digest = EVP_MD_CTX_new();
    if (to->digest == nullptr || EVP_MD_CTX_copy_ex(to->digest, from->digest) != 1) {
      Free(to);
      return nullptr;
    }
  }
  return to;
}

int SetKey(Context* context, void* data) {
  auto* key = static_cast<ProviderKey*>(data);
  if (key == nullptr) return context->key != nullptr ? 1 : 0;
  if (key->handle == 0) return 0;
  key->references += 1;
  if (context->key != nullptr) Release(context->key);
  context->key = key;
  return 1;
}

int SignInit(void* data, void* key, const OSSL_PARAM*) { return SetKey(ContextOf(data), key); }

int Sign(void* data, unsigned char* signature, size_t* length, size_t room, const unsigned char* digest, size_t size) {
  if (signature == nullptr) {
    *length = kSignatureBytesMax;
    return 1;
  }
  const uint32_t handle = ContextOf(data)->key->handle;
  try {
    Service& service = Service::Get();
    const Bytes auth = service.AuthOf(handle);
    const Bytes hash(digest, digest + size);
    const Bytes der = service.Run<Bytes>(service.signLimit(), true,
                                         [=](Connection* connection) { return gridward::Sign(connection, handle, auth, hash); });
    if (der.size() > room) throw TpmError(Fault::kInput, "no room for the signature");
    std::memcpy(signature, der.data(), der.size());
    *length = der.size();
    return 1;
  } catch (const TpmError& error) {
    Raise(error);
  } catch (const std::exception& error) {
    Raise(TpmError(Fault::kRefused, error.what()));
  }
  return 0;
}

int DigestInit(void* data, const char* name, void* key, const OSSL_PARAM*) {
  Context* context = ContextOf(data);
  if (SetKey(context, key) != 1) return 0;
  EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  const bool fits = sha256 != nullptr && (name == nullptr || *name == '\0' || EVP_MD_is_a(sha256, name) == 1);
  if (context->digest == nullptr) context->digest = EVP_MD_CTX_new();
  const bool started = fits && context->digest != nullptr && EVP_DigestInit_ex(context->digest, sha256, nullptr) == 1;
  EVP_MD_free(sha256);
  if (!fits) Raise(TpmError(Fault::kInput, "the key signs SHA-256 digests only"));
  return started ? 1 : 0;
}

int DigestUpdate(void* data, const unsigned char* bytes, size_t size) {
  return EVP_DigestUpdate(ContextOf(data)->digest, bytes, size);
}

int DigestFinal(void* data, unsigned char* signature, size_t* length, size_t room) {
  if (signature == nullptr) {
    *length = kSignatureBytesMax;
    return 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(ContextOf(data)->digest, digest.data(), &size) != 1) return 0;
  return Sign(data, signature, length, room, digest.data(), size);
}

int GetParams(void*, OSSL_PARAM params[]) {
  OSSL_PARAM* wanted = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
  return wanted == nullptr ? 1 : OSSL_PARAM_set_octet_string(wanted, kAlgorithm, sizeof(kAlgorithm));
}

const OSSL_PARAM* GettableParams(void*, void*) {
  static const OSSL_PARAM list[] = {
      OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, nullptr, 0),
      OSSL_PARAM_END,
  };
  return list;
}

template <class Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)(void)>(function)};
}

const OSSL_DISPATCH kFunctions[] = {
    Entry(OSSL_FUNC_SIGNATURE_NEWCTX, New),
    Entry(OSSL_FUNC_SIGNATURE_FREECTX, Free),
    Entry(OSSL_FUNC_SIGNATURE_DUPCTX, Duplicate),
    Entry(OSSL_FUNC_SIGNATURE_SIGN_INIT, SignInit),
    Entry(OSSL_FUNC_SIGNATURE_SIGN, Sign),
    Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, DigestInit),
    Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, DigestUpdate),
    Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, DigestFinal),
    Entry(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, GetParams),
    Entry(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, GettableParams),
    {0, nullptr},
};

}  // namespace

const OSSL_ALGORITHM kSignatures[] = {
    {kSignatureName, "provider=gridward", kFunctions, "ECDSA by the TPM"},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace gridward
