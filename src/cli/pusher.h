// Lines on their way into a server by push requests, a megabyte or so at once, each until it is
// answered.
#pragma once

#include "base/time.h"
#include "cli/client.h"
#include "model/labels.h"
#include "net/http_client.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::cli {

// One thread.
class Pusher {
  public:
    struct Line {
        std::shared_ptr<const std::string> labels;  // as text: {a="b"}
        Timestamp time;
        std::string text;
        std::vector<LabelPair> metadata = {};
    };
    struct Counts {
        std::uint64_t taken = 0;    // by the server, also of lines that it had already
        std::uint64_t refused = 0;  // for ever
        std::map<std::string, std::uint64_t> reasons;     // of those, in the server's words
        std::map<std::string, std::uint64_t> refused_of;  // by the text of labels
    };

    // kInvalidArgument: the address, or flags that exclude each other. A request that is not
    // answered, or with 429 or 5xx, is sent again, for at most `patience` without any success.
    static StatusOr<std::unique_ptr<Pusher>> make(const ClientArgs& server, Duration patience);

    // Sends when there is enough. Errors as flush().
    Status add(Line line);
    // Sends what there is. What is refused is counted, line by line. kUnavailable: patience has
    // come to its end; kFailedPrecondition: the server takes nothing at all, or not from us. After
    // an error it is not known what of the last lines has arrived.
    Status flush();

    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    Pusher(std::unique_ptr<net::HttpClient> client,
           std::vector<net::Header> headers,
           Duration patience)
        : client_(std::move(client)), headers_(std::move(headers)), patience_(patience) {}
    Status send(std::size_t begin, std::size_t end);
    Status refuse(const Line& line, const std::string& why);
    // The answer that is none of those that are waited for to pass.
    StatusOr<net::HttpResponse> post(const std::string& body);

    const std::unique_ptr<net::HttpClient> client_;
    const std::vector<net::Header> headers_;
    const Duration patience_;
    std::vector<Line> lines_;
    std::size_t bytes_ = 0;
    Counts counts_;
};

}  // namespace logi::cli
