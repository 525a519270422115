// The server that is watched, as the canary asks it. Calls block; any thread.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "canary/settings.h"
#include "io/random.h"
#include "net/http.h"
#include "net/websocket_client.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logi::canary {

// A line of the canary: its time, and what makes it as long as it has to be.
[[nodiscard]] std::string line_text(Timestamp time, std::uint32_t size_bytes);
// The time of such a line; kInvalidArgument for any other.
StatusOr<Timestamp> time_of_line(std::string_view line);

class Loki {
  public:
    // kInvalidArgument for labels that are none. `random` must outlive it.
    static StatusOr<Loki> make(const Settings& settings, io::Random& random);

    // {name="loki-canary", stream="push"}, and what is appended.
    [[nodiscard]] const std::string& query() const { return query_; }

    // A live tail of the lines, of what is stored since `start` at first.
    StatusOr<std::unique_ptr<net::WebSocketClient>> tail(Timestamp start) const;
    // What a tail's message has.
    struct Tailed {
        std::vector<Timestamp> times;         // of the canary's lines, in its order
        Timestamp newest = Timestamp::min();  // as the server has them, which an agent may have set
        std::size_t foreign = 0;              // lines that are not the canary's
        std::size_t left_out = 0;             // that the server tells of
    };
    static StatusOr<Tailed> read_message(std::string_view json);

    // kUnavailable and kResourceExhausted when it is worth another try.
    Status push(const std::vector<Timestamp>& times) const;

    // Times of all lines that the server has from `begin` to before `end`, in ascending order, page
    // by page.
    StatusOr<std::vector<Timestamp>> lines(Timestamp begin, Timestamp end) const;
    // How many lines there are in (at - range, at].
    StatusOr<double> count(Duration range, Timestamp at, bool cached) const;

  private:
    Loki(Settings settings, io::Random& random)
        : settings_(std::move(settings)), random_(&random) {}
    StatusOr<net::HttpResponse> send(const std::string& method,
                                     const std::string& target,
                                     std::vector<net::Header> headers,
                                     const std::string& body,
                                     Duration timeout) const;

    Settings settings_;
    io::Random* random_;
    std::vector<std::pair<std::string, std::string>> labels_;
    std::string query_;
    std::string url_;
    std::vector<net::Header> headers_;
};

}  // namespace logi::canary
