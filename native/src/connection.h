// One open connection to the TPM, and what is loaded through it.
#pragma once
#include <tss2/tss2_esys.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fault.h"

namespace gridward {

using Bytes = std::vector<uint8_t>;

// Frees what ESYS allocated.
struct EsysFree {
  void operator()(void* memory) const { Esys_Free(memory); }
};
template <class T>
using Owned = std::unique_ptr<T, EsysFree>;

// Copies into a TPM2B structure; what does not fit throws.
template <class T, class Field>
void Fill(T* to, Field* field, const Bytes& from) {
  if (from.size() > sizeof(*field)) throw TpmError(Fault::kInput, "a value is too long for the TPM");
  to->size = static_cast<UINT16>(from.size());
  std::copy(from.begin(), from.end(), *field);
}

class Connection {
 public:
  explicit Connection(const std::string& tcti);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ESYS_CONTEXT* esys() const { return esys_; }
  // A persistent object by its handle; resolved once a connection. Throws kNoKey.
  ESYS_TR Resolve(TPM2_HANDLE handle);
  void Forget(TPM2_HANDLE handle);

 private:
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  std::map<TPM2_HANDLE, ESYS_TR> resolved_;
};

// A transient object or session; flushed on the way out whatever happened, because a TPM has room for three.
class Transient {
 public:
  explicit Transient(Connection* connection) : connection_(connection) {}
  ~Transient();
  Transient(const Transient&) = delete;
  Transient& operator=(const Transient&) = delete;
  ESYS_TR* out() { return &object_; }
  ESYS_TR get() const { return object_; }
  // The TPM has flushed it itself; what ESYS keeps of it, a kilobyte for each signature, goes here.
  void Release();

 private:
  Connection* connection_;
  ESYS_TR object_ = ESYS_TR_NONE;
};

// The storage root: the TCG's ECC template, noDA. Same key each time: nothing of it needs to be kept.
void CreateStorageRoot(Connection* connection, const Bytes& ownerAuth, Transient* root);

// HMAC session, salted by `salt` unless that is ESYS_TR_NONE; `attributes` as of TPMA_SESSION.
void StartSession(Connection* connection, ESYS_TR salt, TPM2_SE type, TPMA_SESSION attributes, Transient* session);

}  // namespace gridward
