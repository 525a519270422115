// Requests to servers that are told of alerts and series.
#pragma once

#include "base/status.h"
#include "model/ruler_limits.h"
#include "net/http.h"
#include "net/http_client.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::rule {

// One thread at a time; blocks.
class OutgoingClient {
  public:
    // kInvalidArgument for an address that is none, and for files of TLS that cannot be used.
    static StatusOr<std::unique_ptr<OutgoingClient>> make(const std::string& url,
                                                          const OutgoingHttp& http,
                                                          Duration timeout);

    // `target` comes behind the path of the address.
    // The status of the answer, with the first line of its body. kUnavailable if there is none.
    struct Answer {
        int status = 0;
        std::string text;
        Duration retry_after;  // 0: the answer says nothing of it
    };
    StatusOr<Answer> post(const std::string& target,
                          std::vector<net::Header> headers,
                          std::string_view body);

  private:
    OutgoingClient(OutgoingHttp http, bool has_path, std::unique_ptr<net::HttpClient> client)
        : http_(std::move(http)), has_path_(has_path), client_(std::move(client)) {}
    const OutgoingHttp http_;
    const bool has_path_;  // in the address
    const std::unique_ptr<net::HttpClient> client_;
};

}  // namespace logi::rule
