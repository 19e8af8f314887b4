// Turns our PEM label into a key. Every PEM key of the process passes here, so the label is looked at before anything else.
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <string>

#include "key.h"
#include "provider.h"
#include "service.h"

namespace gridward {
namespace {

constexpr char kLabel[] = "-----BEGIN GRIDWARD TPM KEY-----";
// Eight hexadecimal digits: the persistent handle.
constexpr size_t kHandleDigits = 8;
// Ours is far shorter; of others only the first bytes are read.
constexpr size_t kTextMax = 256;

void* New(void* provider) { return provider; }
void Free(void*) {}

// The handle; 0: not our label, or something else behind it.
uint32_t HandleIn(const std::string& text) {
  if (text.compare(0, sizeof(kLabel) - 1, kLabel) != 0) return 0;
  size_t at = sizeof(kLabel) - 1;
  while (at < text.size() && (text[at] == '\r' || text[at] == '\n')) at += 1;
  const std::string digits = text.substr(at, kHandleDigits);
  if (digits.size() != kHandleDigits) return 0;
  for (const char digit : digits) {
    if (std::isxdigit(static_cast<unsigned char>(digit)) == 0) return 0;
  }
  return static_cast<uint32_t>(std::stoul(digits, nullptr, 16));
}

int Deliver(ProviderKey* key, OSSL_CALLBACK* take, void* argument) {
  int type = OSSL_OBJECT_PKEY;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, const_cast<char*>("EC"), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof(key)),
      OSSL_PARAM_construct_end(),
  };
  const int taken = take(params, argument);
  // Load() empties the reference; what nobody loaded is freed.
  if (key != nullptr) Release(key);
  return taken;
}

// 1 with nothing delivered: not ours, the next decoder looks.
int Decode(void*, OSSL_CORE_BIO* input, int, OSSL_CALLBACK* take, void* argument, OSSL_PASSPHRASE_CALLBACK*, void*) {
  std::array<char, kTextMax> buffer{};
  std::string text;
  while (text.size() < buffer.size()) {
    size_t got = 0;
    if (CoreRead()(input, buffer.data(), buffer.size() - text.size(), &got) != 1 || got == 0) break;
    text.append(buffer.data(), got);
    const size_t seen = std::min(text.size(), sizeof(kLabel) - 1);
    if (text.compare(0, seen, kLabel, seen) != 0) return 1;
  }
  const uint32_t handle = HandleIn(text);
  if (handle == 0) return 1;
  try {
    Service& service = Service::Get();
    const PublicKey found = service.Run<PublicKey>(service.signLimit(), true,
                                                   [=](Connection* connection) { return ReadKey(connection, handle); });
    auto* key = new ProviderKey();
    key->handle = handle;
    std::copy(found.point.begin(), found.point.end(), key->point.begin());
    key->hasPoint = true;
    return Deliver(key, take, argument);
  } catch (const TpmError& error) {
    Raise(error);
  } catch (const std::exception& error) {
    Raise(TpmError(Fault::kRefused, error.what()));
  }
  return 0;
}

int Selects(void*, int) { return 1; }

template <class Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)(void)>(function)};
}

const OSSL_DISPATCH kFunctions[] = {
    Entry(OSSL_FUNC_DECODER_NEWCTX, New),
    Entry(OSSL_FUNC_DECODER_FREECTX, Free),
    Entry(OSSL_FUNC_DECODER_DOES_SELECTION, Selects),
    Entry(OSSL_FUNC_DECODER_DECODE, Decode),
    {0, nullptr},
};

}  // namespace

const OSSL_ALGORITHM kDecoders[] = {
    {"EC", "provider=gridward,input=pem", kFunctions, "the name of a TPM key"},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace gridward
