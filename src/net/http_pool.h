// HTTP requests to object stores, on connections that are kept: signed for AWS where asked for,
// asked twice where the first answer is late.
#pragma once

#include "base/status.h"
#include "base/time.h"
#include "net/http.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace logi::net {

// For AWS signatures, version 4, of the service S3.
struct AwsKey {
    std::string region;
    std::string access_key;
    std::string secret_key;
    std::string session_token;  // of passing credentials; empty for none
};

struct PoolRequest {
    std::string method = "GET";
    std::string url;  // escaped; with a signature its query is sorted by name, each as name=value
    std::vector<Header> headers;
    std::string_view body;
    Duration timeout = Duration::seconds(30);  // of the whole exchange
    std::uint64_t response_bytes_max = std::uint64_t{1} << 30U;
    std::optional<AwsKey> sign;
    // Ask once more, on another connection, when nothing has come for so long. Only for what may
    // be asked twice.
    std::optional<Duration> hedge_after;
};

struct PoolResponse {
    HttpResponse http;
    bool hedged = false;  // it was asked twice
};

struct HttpPoolOptions {
    std::uint32_t requests_max = 64;  // at once; others wait for one to end
    Duration connect_timeout = Duration::seconds(3);
    std::string ca_file;  // instead of the system's
    bool verify_tls = true;
};

// Safe from any thread; calls block, so they are made from tasks.
class HttpPool {
  public:
    explicit HttpPool(HttpPoolOptions options);
    ~HttpPool();
    HttpPool(const HttpPool&) = delete;
    HttpPool& operator=(const HttpPool&) = delete;

    // Any status is an answer. kUnavailable: no connection, an answer that broke off, or time ran
    // out: the request may have been carried out. kResourceExhausted: more than
    // response_bytes_max.
    StatusOr<PoolResponse> send(const PoolRequest& request);

    // Waits before a request is tried again.
    static void pause(Duration time);

  private:
    struct Impl;
    const std::unique_ptr<Impl> impl_;
};

// SHA-256 in lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view data);

}  // namespace logi::net
