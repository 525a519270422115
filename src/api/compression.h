// Answers as gzip, for clients that ask for it.
#pragma once

#include "net/http.h"

#include <cstddef>
#include <string_view>

namespace logi::api {

// What is smaller does not get smaller by much; to compress what is larger takes too long.
inline constexpr std::size_t kCompressedBytesMin = 1400;
inline constexpr std::size_t kCompressedBytesMax = 64U << 20U;

// Of an Accept-Encoding header.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

// Compresses what goes through it to the client of that request, on the thread that answers: a
// second of CPU for some 200 MB. An answer that cannot be compressed for want of memory goes as it
// is.
[[nodiscard]] net::Responder compressing(const net::HttpRequest& request, net::Responder respond);

}  // namespace logi::api
