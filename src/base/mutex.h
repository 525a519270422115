// std::mutex with the annotations that Clang's thread-safety analysis reads.
#pragma once

#include <mutex>

#if defined(__clang__)
#define LOGI_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define LOGI_THREAD_ANNOTATION(x)
#endif
#define LOGI_GUARDED_BY(x) LOGI_THREAD_ANNOTATION(guarded_by(x))
#define LOGI_REQUIRES(...) LOGI_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

namespace logi::base {

// Critical sections are short and never wait for I/O: waiting is the Executor's business.
class LOGI_THREAD_ANNOTATION(capability("mutex")) Mutex {
  public:
    void lock() LOGI_THREAD_ANNOTATION(acquire_capability()) { m_.lock(); }
    void unlock() LOGI_THREAD_ANNOTATION(release_capability()) { m_.unlock(); }

  private:
    std::mutex m_;
};

class LOGI_THREAD_ANNOTATION(scoped_lockable) MutexLock {
  public:
    explicit MutexLock(Mutex& m) LOGI_THREAD_ANNOTATION(acquire_capability(m)) : m_(m) {
        m_.lock();
    }
    ~MutexLock() LOGI_THREAD_ANNOTATION(release_capability()) { m_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

  private:
    Mutex& m_;
};

}  // namespace logi::base
