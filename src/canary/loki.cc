#include "canary/loki.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/labels.h"
#include "net/http_client.h"
#include "wire/answers.h"
#include "wire/json_text.h"

#include <algorithm>
#include <numeric>

namespace logi::canary {
namespace {

constexpr std::size_t kPageLines = 1000;
constexpr int kPagesMax = 100;
constexpr std::uint64_t kAnswerBytesMax = 256ULL << 20U;

Status error_of(const net::HttpResponse& response) {
    const std::string text = absl::StrCat(
        "the server answered ", response.status, ": ", absl::StripAsciiWhitespace(response.body));
    return response.status == 429   ? absl::ResourceExhaustedError(text)
           : response.status >= 500 ? absl::UnavailableError(text)
                                    : absl::InvalidArgumentError(text);
}

StatusOr<std::vector<std::pair<std::string, std::string>>> labels_of(const Settings& settings) {
    std::vector<std::pair<std::string, std::string>> labels;
    if (settings.labels.empty()) {
        labels.emplace_back(settings.label_name, settings.label_value);
        if (settings.stream_name != settings.label_name) {
            const std::string kind = settings.push ? "push" : "stdout";
            labels.emplace_back(settings.stream_name,
                                settings.stream_value.empty() ? kind : settings.stream_value);
        }
        return labels;
    }
    for (const auto part : absl::StrSplit(settings.labels, ',')) {
        const std::pair<std::string, std::string> label =
            absl::StrSplit(absl::StripAsciiWhitespace(part), absl::MaxSplits('=', 1));
        if (label.first.empty() || label.second.empty()) {
            return absl::InvalidArgumentError(
                absl::StrCat("labels are name=value, with commas between: ", settings.labels));
        }
        labels.push_back(label);
    }
    return labels;
}

std::string selector_of(const std::vector<std::pair<std::string, std::string>>& labels) {
    std::vector<LabelPair> pairs;
    for (const auto& [name, value] : labels) {
        pairs.push_back({name, value});
    }
    return Labels::from_pairs(std::move(pairs)).to_string();
}

// Of the lines that are the canary's.
std::vector<Timestamp> times_of(const std::vector<wire::AnswerLine>& lines) {
    std::vector<Timestamp> times;
    for (const wire::AnswerLine& line : lines) {
        if (const auto time = time_of_line(line.text); time.ok()) {
            times.push_back(*time);
        }
    }
    return times;
}

Timestamp newest_of(const std::vector<wire::AnswerLine>& lines) {
    Timestamp newest = Timestamp::min();
    for (const wire::AnswerLine& line : lines) {
        newest = std::max(newest, Timestamp{line.ns});
    }
    return newest;
}

}  // namespace

std::string line_text(Timestamp time, std::uint32_t size_bytes) {
    std::string text = absl::StrCat(time.ns, " ");
    text.resize(std::max<std::size_t>(text.size(), size_bytes), 'p');
    return text;
}

StatusOr<Timestamp> time_of_line(std::string_view line) {
    Timestamp time;
    const absl::string_view number(line.data(), std::min(line.find(' '), line.size()));
    if (!absl::SimpleAtoi(number, &time.ns)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "not a line of the canary: ", absl::string_view(line.data(), line.size())));
    }
    return time;
}

StatusOr<Loki> Loki::make(const Settings& settings, io::Random& random) {
    Loki loki(settings, random);
    LOGI_ASSIGN_OR_RETURN(loki.labels_, labels_of(settings));
    loki.query_ = selector_of(loki.labels_);
    if (!settings.query_append.empty()) {
        absl::StrAppend(&loki.query_, " ", settings.query_append);
    }
    loki.url_ = absl::StrCat(settings.tls ? "https://" : "http://", settings.addr);
    // Files of TLS that cannot be used are an error now, not at each request.
    LOGI_RETURN_IF_ERROR(
        net::HttpClient::make(loki.url_, net::ClientOptions{settings.client_tls}).status());
    if (!settings.tenant_id.empty()) {
        loki.headers_.emplace_back("X-Scope-OrgID", settings.tenant_id);
    }
    if (!settings.user.empty()) {
        loki.headers_.emplace_back(
            "Authorization",
            absl::StrCat("Basic ",
                         absl::Base64Escape(absl::StrCat(settings.user, ":", settings.pass))));
    }
    return loki;
}

StatusOr<std::unique_ptr<net::WebSocketClient>> Loki::tail(Timestamp start) const {
    net::WebSocketOptions options;
    options.headers = headers_;
    options.tls = settings_.client_tls;
    options.connect_timeout = settings_.query_timeout;
    return net::WebSocketClient::open(url_,
                                      absl::StrCat("/loki/api/v1/tail?query=",
                                                   net::url_encode(query_),
                                                   "&limit=",
                                                   kPageLines,
                                                   "&start=",
                                                   start.ns),
                                      std::move(options),
                                      *random_);
}

StatusOr<Loki::Tailed> Loki::read_message(std::string_view json) {
    LOGI_ASSIGN_OR_RETURN(const wire::TailFrame frame, wire::parse_tail_frame(json));
    Tailed tailed;
    tailed.times = times_of(frame.lines);
    tailed.newest = newest_of(frame.lines);
    tailed.foreign = frame.lines.size() - tailed.times.size();
    tailed.left_out = frame.lost.size();
    return tailed;
}

StatusOr<net::HttpResponse> Loki::send(const std::string& method,
                                       const std::string& target,
                                       std::vector<net::Header> headers,
                                       const std::string& body,
                                       Duration timeout) const {
    headers.insert(headers.end(), headers_.begin(), headers_.end());
    net::ClientOptions options;
    options.tls = settings_.client_tls;
    options.timeout = timeout;
    options.body_bytes_max = kAnswerBytesMax;
    LOGI_ASSIGN_OR_RETURN(auto response,
                          net::http_send(url_, method, target, headers, body, options));
    if (response.status / 100 != 2) {
        return error_of(response);
    }
    return response;
}

Status Loki::push(const std::vector<Timestamp>& times) const {
    std::string body = R"({"streams":[{"stream":{)";
    const char* comma = "";
    for (const auto& [name, value] : labels_) {
        body.append(std::exchange(comma, ","));
        wire::append_json_string(body, name);
        body.push_back(':');
        wire::append_json_string(body, value);
    }
    body.append(R"(},"values":[)");
    comma = "";
    for (const Timestamp time : times) {
        absl::StrAppend(&body,
                        std::exchange(comma, ","),
                        "[\"",
                        time.ns,
                        "\",\"",
                        line_text(time, settings_.size_bytes),
                        "\"]");
    }
    body.append("]}]}");
    return send("POST",
                "/loki/api/v1/push",
                {{"Content-Type", "application/json"}},
                body,
                settings_.write_timeout)
        .status();
}

StatusOr<std::vector<Timestamp>> Loki::lines(Timestamp begin, Timestamp end) const {
    std::vector<Timestamp> all;
    for (int page = 0; page < kPagesMax && begin < end; ++page) {
        LOGI_ASSIGN_OR_RETURN(const auto response,
                              send("GET",
                                   absl::StrCat("/loki/api/v1/query_range?direction=forward&limit=",
                                                kPageLines,
                                                "&query=",
                                                net::url_encode(query_),
                                                "&start=",
                                                begin.ns,
                                                "&end=",
                                                end.ns),
                                   {},
                                   "",
                                   settings_.query_timeout));
        LOGI_ASSIGN_OR_RETURN(const auto answer, wire::parse_query_answer(response.body));
        const std::vector<Timestamp> times = times_of(answer.lines);
        all.insert(all.end(), times.begin(), times.end());
        if (answer.lines.size() < kPageLines) {
            break;
        }
        begin = newest_of(answer.lines) + Duration{1};
    }
    std::sort(all.begin(), all.end());
    return all;
}

StatusOr<double> Loki::count(Duration range, Timestamp at, bool cached) const {
    const std::string query = absl::StrCat("sum(count_over_time(",
                                           query_,
                                           " [",
                                           std::max<std::int64_t>(range.ns / kNanosPerSecond, 1),
                                           "s]))");
    std::vector<net::Header> headers;
    if (!cached) {
        headers.emplace_back("Cache-Control", "no-cache");
    }
    LOGI_ASSIGN_OR_RETURN(
        const auto response,
        send("GET",
             absl::StrCat("/loki/api/v1/query?query=", net::url_encode(query), "&time=", at.ns),
             std::move(headers),
             "",
             settings_.query_timeout));
    LOGI_ASSIGN_OR_RETURN(const auto answer, wire::parse_query_answer(response.body));
    return std::accumulate(answer.values.begin(), answer.values.end(), 0.0);
}

}  // namespace logi::canary
