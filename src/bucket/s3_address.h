// Where an S3 bucket is: s3://NAME/PREFIX?endpoint=URL&region=REGION&path_style=BOOL
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace logi::bucket {

struct S3Address {
    std::string name;
    std::string prefix;    // of every key; no '/' at its ends
    std::string endpoint;  // http://HOST:PORT or https://…; empty for AWS in `region`
    std::string region = "us-east-1";
    bool path_style = false;  // the bucket's name in the path, not in the host

    // The URL of a key; `key` empty for the bucket itself. Escaped as signatures want it.
    [[nodiscard]] std::string url_of(std::string_view key) const;
    // s3://name/prefix
    [[nodiscard]] std::string to_string() const;
};

// kInvalidArgument says what is wrong. An endpoint of its own is asked path-style unless told
// otherwise.
StatusOr<S3Address> parse_s3_address(std::string_view text);

// All but [A-Za-z0-9-._~] and, in paths, '/' as %XX.
[[nodiscard]] std::string s3_escape(std::string_view text, bool path);

}  // namespace logi::bucket
