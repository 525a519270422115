#include "service_line.h"

namespace logi::bench {
namespace {

constexpr std::string_view kLower[] = {"debug", "info", "warn", "error"};
constexpr std::string_view kUpper[] = {"DEBUG", "INFO", "WARN", "ERROR"};
constexpr std::string_view kLogrusNames[] = {"debug", "info", "warning", "error"};
constexpr int kPinoNumbers[] = {20, 30, 40, 50};

}  // namespace

void ServiceLine::key(std::string_view key) {
    Text t(line_);
    if (is_json(style_)) {
        t << (first_ ? "\"" : ",\"") << key << "\":";
    } else {
        t << (first_ ? "" : " ") << key << "=";
    }
    first_ = false;
}

void ServiceLine::json_text(std::string_view value) {
    line_.push_back('"');
    for (const char c : value) {
        if (c == '\n') {
            line_.append("\\n");
        } else if (c == '\t') {
            line_.append("\\t");
        } else if (c == '"' || c == '\\') {
            line_.push_back('\\');
            line_.push_back(c);
        } else {
            line_.push_back(c);
        }
    }
    line_.push_back('"');
}

void ServiceLine::text(std::string_view name, std::string_view value) {
    key(name);
    // In logfmt a value needs quotes only if it has blanks, quotes or equal signs.
    if (is_json(style_) || value.empty() ||
        value.find_first_of(" =\"\n") != std::string_view::npos) {
        json_text(value);
    } else {
        line_.append(value);
    }
}

void ServiceLine::number(std::string_view name, std::uint64_t value) {
    key(name);
    Text(line_) << value;
}

void ServiceLine::span(std::string_view name, std::uint64_t us) {
    key(name);
    Text t(line_);
    switch (style_) {
        case Style::kZap:
            t.thousandths(us);  // milliseconds
            break;
        case Style::kLogback:
        case Style::kPino:
            t << us / 1000;
            break;
        case Style::kGoKit:
        case Style::kLogrus:
            if (us < 1000) {
                t << us << "µs";
            } else if (us < 1'000'000) {
                t.thousandths(us) << "ms";
            } else {
                t.thousandths(us / 1000) << "s";
            }
            break;
    }
}

void ServiceLine::open(std::string_view name) {
    if (is_json(style_)) {
        key(name);
        line_.push_back('{');
        first_ = true;
    }
}

void ServiceLine::close() {
    if (is_json(style_)) {
        line_.push_back('}');
        first_ = false;
    }
}

void ServiceLine::level_and_place(const Origin& origin, Level level, std::int64_t ns) {
    const auto l = static_cast<std::size_t>(level);
    Text t(line_);
    switch (style_) {
        case Style::kZap:
            t << "{\"level\":\"" << kLower[l]
              << "\",\"ts\":" << static_cast<std::uint64_t>(ns / 1'000'000'000) << ".";
            t.padded(static_cast<std::uint64_t>(ns / 1000 % 1'000'000), 6);
            t << ",\"caller\":\"" << origin.file << ".go:" << origin.place << "\"";
            break;
        case Style::kLogback:
            t << "{\"@timestamp\":\"";
            calendar_.rfc3339(ns, 3, line_);
            t << "\",\"@version\":\"1\",\"level\":\"" << kUpper[l]
              << "\",\"thread_name\":\"http-nio-8080-exec-" << origin.place % 40
              << "\",\"logger_name\":\"com.shop." << origin.service << "." << origin.file << "\"";
            break;
        case Style::kPino:
            t << "{\"level\":" << kPinoNumbers[l]
              << ",\"time\":" << static_cast<std::uint64_t>(ns / 1'000'000)
              << ",\"pid\":1,\"hostname\":\"" << origin.pod << "\",\"name\":\"" << origin.file
              << "\"";
            break;
        case Style::kGoKit:
            t << "ts=";
            calendar_.rfc3339(ns, 9, line_);
            t << " caller=" << origin.file << ".go:" << origin.place << " level=" << kLower[l];
            break;
        case Style::kLogrus:
            t << "time=\"";
            calendar_.rfc3339(ns, 0, line_);
            t << "\" level=" << kLogrusNames[l];
            break;
    }
}

void ServiceLine::begin(const Origin& origin,
                        Level level,
                        std::int64_t ns,
                        std::string_view message) {
    style_ = origin.style;
    line_.clear();
    level_and_place(origin, level, ns);
    first_ = false;
    text(style_ == Style::kLogback ? "message" : "msg", message);
}

std::string_view ServiceLine::end() {
    if (is_json(style_)) {
        line_.push_back('}');
    }
    return line_;
}

}  // namespace logi::bench
