#include "cli/pusher.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "agent/client/batch.h"
#include "io/clock.h"
#include "net/http_pool.h"

#include <algorithm>

namespace logi::cli {
namespace {

constexpr std::size_t kBatchBytes = 1U << 20U;
constexpr std::size_t kBatchLines = 5000;
constexpr Duration kPauseMin = Duration::millis(200);
constexpr Duration kPauseMax = Duration::seconds(10);
constexpr std::uint64_t kPushAnswerBytesMax = 1U << 20U;
// So many lines refused and none taken: the rest would not do better.
constexpr std::uint64_t kRefusedMax = 1000;

constexpr int kTooManyRequests = 429;
constexpr int kTooLarge = 413;

bool may_pass(int status) {
    return status == kTooManyRequests || status >= 500;
}

Duration told_pause(const net::HttpResponse& answer, Duration otherwise) {
    std::int64_t seconds = 0;
    const std::string text(answer.header("Retry-After"));
    return absl::SimpleAtoi(text, &seconds) && seconds > 0
               ? std::min(Duration::seconds(seconds), kPauseMax)
               : otherwise;
}

std::string text_of(const net::HttpResponse& answer) {
    return std::string(absl::StripAsciiWhitespace(answer.body));
}

}  // namespace

StatusOr<std::unique_ptr<Pusher>> Pusher::make(const ClientArgs& server, Duration patience) {
    LOGI_RETURN_IF_ERROR(refuse_proxy(server, "an import"));
    LOGI_ASSIGN_OR_RETURN(auto headers, client_headers(server));
    headers.emplace_back("Content-Type", "application/x-protobuf");
    net::ClientOptions options;
    options.tls = server.tls;
    options.timeout = Duration::minutes(1);
    options.body_bytes_max = kPushAnswerBytesMax;
    LOGI_ASSIGN_OR_RETURN(auto client, net::HttpClient::make(server.addr, options));
    return std::unique_ptr<Pusher>(new Pusher(std::move(client), std::move(headers), patience));
}

Status Pusher::add(Line line) {
    bytes_ += line.text.size();
    lines_.push_back(std::move(line));
    return bytes_ >= kBatchBytes || lines_.size() >= kBatchLines ? flush() : absl::OkStatus();
}

Status Pusher::flush() {
    const Status status = lines_.empty() ? absl::OkStatus() : send(0, lines_.size());
    lines_.clear();
    bytes_ = 0;
    return status;
}

StatusOr<net::HttpResponse> Pusher::post(const std::string& body) {
    const io::SystemClock clock;
    const Timestamp begin = clock.now();
    Duration pause = kPauseMin;
    while (true) {
        auto answer = client_->send("POST", "/loki/api/v1/push", headers_, body);
        if (answer.ok() && !may_pass(answer->status)) {
            return answer;
        }
        if (!answer.ok() && !absl::IsUnavailable(answer.status()) &&
            !absl::IsDeadlineExceeded(answer.status())) {
            return answer.status();
        }
        if (clock.now() - begin > patience_) {
            return absl::UnavailableError(
                answer.ok()
                    ? absl::StrCat("the server answers ", answer->status, ": ", text_of(*answer))
                    : std::string(answer.status().message()));
        }
        net::HttpPool::pause(answer.ok() ? told_pause(*answer, pause) : pause);
        pause = std::min(Duration{pause.ns * 2}, kPauseMax);
    }
}

Status Pusher::refuse(const Line& line, const std::string& why) {
    ++counts_.refused;
    ++counts_.refused_of[*line.labels];
    // Texts name labels and times: of very many different ones the first tell enough.
    constexpr std::size_t kReasonsMax = 20;
    if (counts_.reasons.size() < kReasonsMax || counts_.reasons.contains(why)) {
        ++counts_.reasons[why];
    }
    return counts_.taken == 0 && counts_.refused >= kRefusedMax
               ? absl::FailedPreconditionError(absl::StrCat(
                     "the server has refused the first ", kRefusedMax, " lines: ", why))
               : absl::OkStatus();
}

// What is refused as a part is sent again in halves: what of it is good was taken, and is the same
// entry again.
Status Pusher::send(std::size_t begin, std::size_t end) {
    agent::Batch batch(0, "");
    agent::Entry entry;
    for (std::size_t i = begin; i < end; ++i) {
        entry.time = lines_[i].time;
        entry.line = lines_[i].text;
        entry.metadata = lines_[i].metadata;
        batch.add(entry, *lines_[i].labels, [&] { return *lines_[i].labels; });
    }
    LOGI_ASSIGN_OR_RETURN(const net::HttpResponse answer, post(batch.body()));
    if (answer.status == 204 || answer.status == 200) {
        counts_.taken += end - begin;
        return absl::OkStatus();
    }
    const bool of_lines =
        answer.status == 400 || answer.status == kTooLarge || answer.status == 422;
    if (!of_lines) {
        return absl::FailedPreconditionError(
            absl::StrCat("the server answers ", answer.status, ": ", text_of(answer)));
    }
    if (end - begin == 1) {
        return refuse(lines_[begin], text_of(answer));
    }
    const std::size_t middle = begin + (end - begin) / 2;
    LOGI_RETURN_IF_ERROR(send(begin, middle));
    return send(middle, end);
}

}  // namespace logi::cli
