#include "bucket/s3_bucket.h"

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/log.h"
#include "bucket/http_status.h"
#include "bucket/s3_xml.h"

#include <algorithm>
#include <array>

namespace logi::bucket {
namespace {

constexpr int kRaces = 3;
constexpr const char* kIdHeader = "x-amz-meta-logi-put";

}  // namespace

S3Bucket::S3Bucket(S3Dependencies deps, const S3Options& options)
    : options_(options), random_(deps.random), client_(deps, options) {}

StatusOr<std::unique_ptr<Bucket>> S3Bucket::open(S3Dependencies deps,
                                                 io::Executor& executor,
                                                 const S3Options& options) {
    auto bucket = absl::WrapUnique(new S3Bucket(deps, options));
    for (int i = 0; i < kRaces; ++i) {
        if (const Status status = bucket->race(executor); !status.ok()) {
            return Status(
                status.code(),
                absl::StrCat(options.address.to_string(), ": ", std::string(message_of(status))));
        }
    }
    return bucket;
}

Status S3Bucket::race(io::Executor& executor) {
    const std::string key = absl::StrCat("probe/", new_id());
    const std::array<std::string, 2> values = {"first", "second"};
    std::array<Status, 2> results;
    io::wait_for(executor, [&](io::Task done) {
        io::for_each_async(
            executor,
            values.size(),
            [&](std::size_t i) { results.at(i) = put_if_absent(key, values.at(i)); },
            std::move(done));
    });
    for (const Status& result : results) {
        if (!result.ok() && result.code() != absl::StatusCode::kAlreadyExists) {
            return result;
        }
    }
    LOGI_ASSIGN_OR_RETURN(const std::string found, get(key));
    const Status late = put_if_absent(key, "late");
    LOGI_RETURN_IF_ERROR(remove(key));
    const bool one_won = results[0].ok() != results[1].ok();
    if (!one_won || found != values.at(results[0].ok() ? 0 : 1) ||
        late.code() != absl::StatusCode::kAlreadyExists) {
        return absl::FailedPreconditionError(
            "this server does not keep If-None-Match: * of PutObject, so that writers would "
            "overwrite each other; Logi needs a server that does");
    }
    return absl::OkStatus();
}

std::string S3Bucket::full_key(const std::string& key) const {
    return options_.address.prefix.empty() ? key : absl::StrCat(options_.address.prefix, "/", key);
}

std::string S3Bucket::new_id() {
    return absl::StrFormat("%016x%016x", random_.next_u64(), random_.next_u64());
}

Status S3Bucket::put(const std::string& key, std::string_view data) {
    if (data.size() > 2 * options_.part_bytes) {
        return put_in_parts(key, data);
    }
    S3Call call{.operation = "put", .method = "PUT", .key = full_key(key), .body = data};
    LOGI_ASSIGN_OR_RETURN(const auto answer, client_.send(call));
    return answer.status == kGood ? absl::OkStatus() : s3_error(call, answer);
}

Status S3Bucket::put_if_absent(const std::string& key, std::string_view data) {
    const std::string id = new_id();
    const S3Call call{.operation = "put_if_absent",
                      .method = "PUT",
                      .key = full_key(key),
                      .headers = {{"If-None-Match", "*"}, {kIdHeader, id}},
                      .body = data};
    for (int tries = 1;; ++tries) {
        const auto answer = client_.attempt(call);
        if (answer.ok() && answer->status == kGood) {
            return absl::OkStatus();
        }
        if (!answer.ok() && answer.status().code() != absl::StatusCode::kUnavailable) {
            return answer.status();
        }
        const bool unknown = !answer.ok() || answer->status == kPreconditionFailed ||
                             answer->status == kConflict ||
                             S3Client::is_worth_retry(answer->status);
        if (!unknown) {
            return s3_error(call, *answer);
        }
        // Even a refusal of the first try may be our own success: networks repeat requests, and so
        // does libcurl where a kept connection has died.
        if (const auto owner = owner_of(key); owner.ok() && owner->has_value()) {
            return *owner == id ? absl::OkStatus() : absl::AlreadyExistsError(key);
        }
        if (!client_.wait_before_retry(call.operation, tries)) {
            return answer.ok() ? absl::UnavailableError(s3_error(call, *answer).message())
                               : answer.status();
        }
    }
}

StatusOr<std::optional<std::string>> S3Bucket::owner_of(const std::string& key) {
    const S3Call call{.operation = "head", .method = "HEAD", .key = full_key(key)};
    LOGI_ASSIGN_OR_RETURN(const auto answer, client_.send(call));
    if (answer.status == kNotFound) {
        return std::optional<std::string>();
    }
    if (answer.status != kGood) {
        return s3_error(call, answer);
    }
    return std::string(answer.header(kIdHeader));
}

StatusOr<std::string> S3Bucket::get(const std::string& key) {
    const S3Call call{.operation = "get", .method = "GET", .key = full_key(key), .may_hedge = true};
    LOGI_ASSIGN_OR_RETURN(auto answer, client_.send(call));
    if (answer.status != kGood) {
        return s3_error(call, answer);
    }
    return std::move(answer.body);
}

StatusOr<std::string> S3Bucket::get_range(const std::string& key,
                                          std::uint64_t offset,
                                          std::uint64_t length) {
    if (length == 0) {
        return std::string();
    }
    const S3Call call{
        .operation = "get_range",
        .method = "GET",
        .key = full_key(key),
        .headers = {{"Range", absl::StrCat("bytes=", offset, "-", offset + length - 1)}},
        .response_bytes = length,
        .may_hedge = true};
    LOGI_ASSIGN_OR_RETURN(auto answer, client_.send(call));
    if (answer.status == kOutsideRange ||
        (answer.status == kPartial && answer.body.size() < length)) {
        return absl::DataLossError(absl::StrCat(key, " is shorter than ", offset + length));
    }
    if (answer.status != kPartial || answer.body.size() != length) {
        return answer.status == kGood || answer.status == kPartial
                   ? absl::InternalError("the bucket's server does not keep Range")
                   : s3_error(call, answer);
    }
    return std::move(answer.body);
}

StatusOr<std::uint64_t> S3Bucket::size(const std::string& key) {
    const S3Call call{
        .operation = "head", .method = "HEAD", .key = full_key(key), .may_hedge = true};
    LOGI_ASSIGN_OR_RETURN(const auto answer, client_.send(call));
    if (answer.status != kGood) {
        return s3_error(call, answer);
    }
    std::uint64_t size = 0;
    if (!absl::SimpleAtoi(std::string(answer.header("Content-Length")), &size)) {
        return absl::UnavailableError(absl::StrCat(key, ": no Content-Length"));
    }
    return size;
}

Status S3Bucket::for_each_page(const std::string& folder,
                               const std::string& delimiter,
                               const std::function<void(S3Page)>& visit) {
    std::string token;
    do {
        S3Call call{.operation = "list", .method = "GET", .may_hedge = true};
        if (!token.empty()) {
            call.query = absl::StrCat("continuation-token=", s3_escape(token, false), "&");
        }
        if (!delimiter.empty()) {
            absl::StrAppend(&call.query, "delimiter=", s3_escape(delimiter, false), "&");
        }
        absl::StrAppend(&call.query, "list-type=2&prefix=", s3_escape(folder, false));
        LOGI_ASSIGN_OR_RETURN(const auto answer, client_.send(call));
        if (answer.status != kGood) {
            return s3_error(call, answer);
        }
        LOGI_ASSIGN_OR_RETURN(S3Page page, parse_s3_page(answer.body));
        token = page.next;
        visit(std::move(page));
    } while (!token.empty());
    return absl::OkStatus();
}

StatusOr<std::vector<ObjectInfo>> S3Bucket::list(const std::string& prefix) {
    const std::string folder = full_key(prefix) + "/";
    const std::size_t ours = folder.size() - prefix.size() - 1;
    std::vector<ObjectInfo> found;
    LOGI_RETURN_IF_ERROR(for_each_page(folder, "", [&](const S3Page& page) {
        for (const ObjectInfo& object : page.objects) {
            found.push_back({object.key.substr(std::min(ours, object.key.size())), object.size});
        }
    }));
    return found;
}

StatusOr<std::vector<std::string>> S3Bucket::list_folders(const std::string& prefix) {
    const std::string folder = full_key(prefix) + "/";
    std::vector<std::string> found;
    LOGI_RETURN_IF_ERROR(for_each_page(folder, "/", [&](const S3Page& page) {
        for (const std::string& name : page.folders) {
            found.emplace_back(absl::StripSuffix(absl::StripPrefix(name, folder), "/"));
        }
    }));
    return found;
}

Status S3Bucket::remove(const std::string& key) {
    const S3Call call{.operation = "remove", .method = "DELETE", .key = full_key(key)};
    LOGI_ASSIGN_OR_RETURN(const auto answer, client_.send(call));
    const bool gone = answer.status == kNoContent || answer.status == kGood;
    return gone ? absl::OkStatus() : s3_error(call, answer);
}

Status S3Bucket::put_in_parts(const std::string& key, std::string_view data) {
    const S3Call begin{
        .operation = "begin_parts", .method = "POST", .key = full_key(key), .query = "uploads="};
    LOGI_ASSIGN_OR_RETURN(const auto answer, client_.send(begin));
    if (answer.status != kGood) {
        return s3_error(begin, answer);
    }
    LOGI_ASSIGN_OR_RETURN(const std::string upload, parse_s3_upload(answer.body));
    const auto tags = put_parts(key, upload, data);
    Status status = tags.ok() ? end_parts(key, upload, *tags, data.size()) : tags.status();
    if (!status.ok()) {
        const S3Call abort{.operation = "abort_parts",
                           .method = "DELETE",
                           .key = full_key(key),
                           .query = absl::StrCat("uploadId=", s3_escape(upload, false))};
        if (const auto aborted = client_.send(abort); !aborted.ok()) {
            base::log_warn("parts of an object were left in the bucket",
                           {{"key", key}, {"error", std::string(message_of(aborted.status()))}});
        }
    }
    return status;
}

StatusOr<std::vector<std::string>> S3Bucket::put_parts(const std::string& key,
                                                       const std::string& upload,
                                                       std::string_view data) {
    std::vector<std::string> tags;
    for (std::size_t at = 0; at < data.size(); at += options_.part_bytes) {
        const S3Call call{
            .operation = "put_part",
            .method = "PUT",
            .key = full_key(key),
            .query = absl::StrCat(
                "partNumber=", tags.size() + 1, "&uploadId=", s3_escape(upload, false)),
            .body = data.substr(at, options_.part_bytes)};
        LOGI_ASSIGN_OR_RETURN(const auto answer, client_.send(call));
        if (answer.status != kGood) {
            return s3_error(call, answer);
        }
        tags.emplace_back(answer.header("ETag"));
    }
    return tags;
}

Status S3Bucket::end_parts(const std::string& key,
                           const std::string& upload,
                           const std::vector<std::string>& tags,
                           std::uint64_t bytes) {
    const std::string body = s3_parts_xml(tags);
    const S3Call call{.operation = "end_parts",
                      .method = "POST",
                      .key = full_key(key),
                      .query = absl::StrCat("uploadId=", s3_escape(upload, false)),
                      .body = body};
    LOGI_ASSIGN_OR_RETURN(const auto answer, client_.send(call));
    // A failure may come with status 200, as the answer's head goes out before the work is done.
    const S3Error error = parse_s3_error(answer.body);
    if (answer.status == kGood && error.code.empty()) {
        return absl::OkStatus();
    }
    // A retry after a lost reply finds its upload gone: then the object is whole.
    if (error.code == "NoSuchUpload") {
        if (const auto found = size(key); found.ok() && *found == bytes) {
            return absl::OkStatus();
        }
    }
    return answer.status == kGood ? absl::UnavailableError(error.code) : s3_error(call, answer);
}

}  // namespace logi::bucket
