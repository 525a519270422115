// Requests whose answers are taken piece by piece as they come, for as long as they last: any
// number of them on one thread.
#pragma once

#include "base/time.h"
#include "net/http.h"
#include "net/tls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::net {

// A GET.
struct StreamRequest {
    std::string url;          // http:// or https://, escaped
    std::string unix_socket;  // to connect to, instead of the host of the address; empty: the host
    std::vector<Header> headers = {};
    ClientTls tls = {};  // but server_name
    bool follow_redirects = true;
    Duration connect_timeout = Duration::seconds(10);
    Duration timeout = {};  // of the whole answer; 0: it lasts as long as it likes
};

class HttpStreams {
  public:
    using Id = std::uint64_t;
    // Called on the thread of the streams, which must not be held up for long.
    struct Events {
        // Some of the answer's body. False: no more, until resume().
        std::function<bool(int status, std::string_view bytes)> on_bytes;
        // Last: the status of an answer that came to its end. kUnavailable: there is no connection,
        // or it broke off; kDeadlineExceeded at the timeout.
        std::function<void(const StatusOr<int>& status)> on_end;
    };

    HttpStreams();
    // Ends all of them; no event comes any more.
    ~HttpStreams();
    HttpStreams(const HttpStreams&) = delete;
    HttpStreams& operator=(const HttpStreams&) = delete;

    // Those below are safe from any thread, events included.
    Id get(StreamRequest request, Events events);
    // An event that is under way may still come.
    void cancel(Id id);
    void resume(Id id);

  private:
    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

}  // namespace logi::net
