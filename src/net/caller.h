// Calls between the processes of a cluster: a message of bytes goes to a named method of another
// process, and one answer of bytes comes back. What the bytes say is up to the method.
//
// A method's messages have a version. A process answers only the versions that it knows; all others
// are refused before anybody reads the message, so that processes of different builds can work side
// by side: who is refused asks for an older version, or does the work itself.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "io/cancel.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace logi::net {

// Letters, digits and '_'.
struct CallMethod {
    std::string name;
    std::uint32_t version = 1;

    friend auto operator<=>(const CallMethod&, const CallMethod&) = default;
};

struct Call {
    std::string address;  // as the process announces it: 10.0.0.7:3102, [::1]:3102
    CallMethod method;
    std::string message;
    // From now until the answer is there. Must be more than 0.
    Duration timeout = Duration::seconds(30);
    // Looked at every few milliseconds while the call is under way; the other side's token is
    // cancelled, too.
    io::CancelToken cancel = {};
};

// What comes of a call, beside the answer:
//   kUnimplemented      the other process does not know the method, or not this version
//   kUnavailable        it was not reached, broke off, is stopping, or is busy; or too many calls
//   of
//                       this process are under way
//   kUnauthenticated    it does not take this process for one of its own
//   kResourceExhausted  the message or the answer is larger than is allowed
//   kDeadlineExceeded   of `timeout`
//   as cancel.check()   once it is cancelled
//   anything else       what the handler said; its message comes without what is beyond 1 KiB
// After any of them the handler may have run, may be running, or may never run.
using CallAnswer = StatusOr<std::string>;
using Answered = std::function<void(CallAnswer)>;

// Thread-safe.
class Caller {
  public:
    virtual ~Caller() = default;
    // `done` is called exactly once, as a task of an executor, never from within call().
    virtual void call(Call call, Answered done) = 0;
};

// A call as it arrives.
struct IncomingCall {
    CallMethod method;
    std::string message;
    // Of what the caller waits for, what is left.
    Duration timeout;
    // Cancelled when the caller does not wait any more, at the latest after `timeout`.
    io::CancelToken cancel;
};

// Runs as a task of post(): long work goes on in tasks of post_long(), looks at the token now and
// then, and answers in any case. `respond` is called exactly once, from any thread. A call may come
// twice, so a handler must do no harm that way.
using CallHandler = std::function<void(IncomingCall, Answered respond)>;

// The methods of a process. Filled before it is served, and constant from then on.
class CallTable {
  public:
    void add(CallMethod method, CallHandler handler);
    // In any version.
    [[nodiscard]] bool has(const std::string& method) const;
    // kUnimplemented, naming the versions that are known, for a method that is not there.
    void handle(IncomingCall call, Answered respond) const;

  private:
    std::map<CallMethod, CallHandler> handlers_;
};

}  // namespace logi::net
