// What a request to the target `loki_push_api` holds.
#pragma once

#include "base/time.h"
#include "model/labels.h"
#include "net/http.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace logi::agent {

struct PushedEntry {
    std::optional<Timestamp> time;
    std::string line;
    std::vector<LabelPair> metadata;
};

struct PushedStream {
    std::vector<LabelPair> labels;
    std::vector<PushedEntry> entries;
};

struct Pushed {
    std::vector<PushedStream> streams;
    std::string error;  // of streams that were left out; empty: there is none
};

struct PushRefusal {
    int status = 400;
    std::string message;
};

// A push request of Loki's API, as protobuf or JSON. What it takes in memory is bounded.
std::variant<Pushed, PushRefusal> read_push(const net::HttpRequest& request);
// A line for each entry, without times and labels; may be compressed with gzip. Empty lines are
// none.
std::variant<Pushed, PushRefusal> read_raw(const net::HttpRequest& request);

}  // namespace logi::agent
