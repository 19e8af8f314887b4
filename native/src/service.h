// The one thread that talks to the TPM. Callers wait for it no longer than they say.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "connection.h"

namespace gridward {

class Service {
 public:
  // One a process, shared by all its threads; never destroyed, so that leaving the process under a hung TPM is clean.
  static Service& Get();

  // Where the TPM is, as tpm2-tss writes it: `device:/dev/tpmrm0`, `swtpm:host=...,port=...`. A change closes what is open.
  void Configure(const std::string& tcti, std::chrono::milliseconds signLimit);
  std::chrono::milliseconds signLimit();

  // Auth value of a key, for this process's life.
  void SetAuth(TPM2_HANDLE handle, const Bytes& auth);
  Bytes AuthOf(TPM2_HANDLE handle);

  // Runs `work` on the TPM thread and returns what it returned; throws TpmError. kHung when the limit passes: the work may still
  // be under way then, and until the TPM lets go of it every other call fails at once. `repeat`: once more on a fresh
  // connection where the old one was found dead; only for work that may happen twice.
  template <class T>
  T Run(std::chrono::milliseconds limit, bool repeat, std::function<T(Connection*)> work) {
    auto result = std::make_shared<std::optional<T>>();
    Perform(limit, repeat, [result, work = std::move(work)](Connection* connection) { *result = work(connection); });
    return std::move(**result);
  }

 private:
  using Work = std::function<void(Connection*)>;
  struct Job {
    Work work;
    bool repeat = false;
    bool done = false;
    bool abandoned = false;
    std::exception_ptr failure;
  };

  Service();
  void Perform(std::chrono::milliseconds limit, bool repeat, Work work);
  [[noreturn]] void Loop();
  void Attempt(Job* job);

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable finished_;
  std::deque<std::shared_ptr<Job>> queue_;
  // The TPM thread is out with a job that nobody waits for any more.
  bool stuck_ = false;
  bool running_ = false;
  std::string tcti_;
  uint64_t place_ = 0;
  std::chrono::milliseconds signLimit_{4000};
  std::map<TPM2_HANDLE, Bytes> auths_;

  // Of the TPM thread alone.
  std::unique_ptr<Connection> connection_;
  uint64_t connectedTo_ = 0;
};

}  // namespace gridward
