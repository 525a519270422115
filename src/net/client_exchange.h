// What a client says first on a connection, and how it reads the answer.
#pragma once

#include "net/client_connection.h"
#include "net/http.h"
#include "net/url.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logi::net {

// The head of a request. kInvalidArgument for a header that cannot be one.
StatusOr<std::string> request_head(const std::string& method,
                                   const ServerUrl& url,
                                   const std::string& target,
                                   const std::vector<Header>& headers,
                                   std::size_t body_bytes);

// Reads one answer, which may be 101. The connection must outlive it.
class AnswerReader {
  public:
    AnswerReader(ClientConnection& connection, std::uint64_t body_bytes_max);
    ~AnswerReader();
    AnswerReader(const AnswerReader&) = delete;
    AnswerReader& operator=(const AnswerReader&) = delete;

    // Of a HEAD request when `is_head`. Errors are those of ClientConnection, and kUnavailable for
    // what is no answer, or too long.
    StatusOr<HttpResponse> read(bool is_head);
    // Of that answer: whether another request may follow on the connection.
    [[nodiscard]] bool keep_alive() const;
    // What came behind it. Valid as long as the reader.
    [[nodiscard]] std::string_view rest() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::net
