// The XML of S3's answers.
#pragma once

#include "base/status.h"
#include "bucket/bucket.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::bucket {

struct S3Error {
    std::string code;  // NoSuchKey…; empty if the text is none
    std::string message;
};
[[nodiscard]] S3Error parse_s3_error(std::string_view xml);

// A page of ListObjectsV2.
struct S3Page {
    std::vector<ObjectInfo> objects;   // keys as the server has them, with the prefix
    std::vector<std::string> folders;  // common prefixes, with '/' at their ends
    std::string next;                  // token of the next page; empty for none
};
StatusOr<S3Page> parse_s3_page(std::string_view xml);

// The id of CreateMultipartUpload's answer.
StatusOr<std::string> parse_s3_upload(std::string_view xml);

// The body of CompleteMultipartUpload: tags of parts 1, 2, …
[[nodiscard]] std::string s3_parts_xml(const std::vector<std::string>& tags);

}  // namespace logi::bucket
