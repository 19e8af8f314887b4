#include "service.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include <cstdlib>
#include <thread>

namespace gridward {
namespace {

// Calls that may wait their turn; more at once is a caller gone mad.
constexpr size_t kQueueMax = 16;

// What commands and handshakes freed goes back to the system: malloc would keep it between what lives on, megabytes in a thousand
// handshakes. Commands are rare, and nobody waits for this thread here.
void GiveBack() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace

Service& Service::Get() {
  static Service* const service = new Service();
  return *service;
}

Service::Service() {
  // ESYS prints to stderr on every fault unless told otherwise; ours come as values.
  setenv("TSS2_LOG", "all+none", 0);
}

void Service::Configure(const std::string& tcti, std::chrono::milliseconds signLimit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (tcti != tcti_) place_ += 1;
  tcti_ = tcti;
  signLimit_ = signLimit;
}

std::chrono::milliseconds Service::signLimit() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return signLimit_;
}

void Service::SetAuth(TPM2_HANDLE handle, const Bytes& auth) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auths_[handle] = auth;
}

Bytes Service::AuthOf(TPM2_HANDLE handle) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = auths_.find(handle);
  return found == auths_.end() ? Bytes{} : found->second;
}

void Service::Perform(std::chrono::milliseconds limit, bool repeat, Work work) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const auto job = std::make_shared<Job>();
  job->work = std::move(work);
  job->repeat = repeat;
  std::unique_lock<std::mutex> lock(mutex_);
  if (tcti_.empty()) throw TpmError(Fault::kAbsent, "no TPM is configured");
  if (stuck_) throw TpmError(Fault::kHung, "the TPM still owes an answer to an earlier command");
  if (queue_.size() >= kQueueMax) throw TpmError(Fault::kBusy, "too many commands wait for the TPM");
  if (!running_) {
    running_ = true;
    // Signals belong to Node's own threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { Loop(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  queue_.push_back(job);
  arrived_.notify_one();
  if (!finished_.wait_until(lock, deadline, [&] { return job->done; })) {
    job->abandoned = true;
    // Still in the queue: another one holds the thread, and it is that one which is out.
    bool waiting = false;
    for (auto at = queue_.begin(); at != queue_.end(); ++at) {
      if (*at != job) continue;
      queue_.erase(at);
      waiting = true;
      break;
    }
    if (!waiting) stuck_ = true;
    throw TpmError(Fault::kHung, "the TPM did not answer within " + std::to_string(limit.count()) + " ms");
  }
  lock.unlock();
  if (job->failure) std::rethrow_exception(job->failure);
}

void Service::Loop() {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      arrived_.wait(lock, [&] { return !queue_.empty(); });
      job = queue_.front();
      queue_.pop_front();
    }
    try {
      Attempt(job.get());
    } catch (...) {
      job->failure = std::current_exception();
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      job->done = true;
      if (job->abandoned) stuck_ = false;
    }
    finished_.notify_all();
    GiveBack();
  }
}

void Service::Attempt(Job* job) {
  std::string tcti;
  uint64_t place = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tcti = tcti_;
    place = place_;
  }
  if (place != connectedTo_) connection_.reset();
  bool fresh = connection_ == nullptr;
  for (;;) {
    try {
      if (connection_ == nullptr) connection_ = std::make_unique<Connection>(tcti);
      connectedTo_ = place;
      job->work(connection_.get());
      return;
    } catch (const TpmError& error) {
      // Whatever it was, the next call starts afresh: a reset TPM has forgotten every session and every name.
      connection_.reset();
      if (!error.isTransport() || fresh || !job->repeat) throw;
      fresh = true;
    }
  }
}

}  // namespace gridward
