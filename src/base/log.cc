#include "base/log.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/utf8.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <memory>

namespace logi::base {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};
// A query may have ten megabytes.
constexpr std::size_t kValueBytesMax = 16U << 10U;

std::atomic<LogFormat> format_now{LogFormat::kLogfmt};
std::array<std::atomic<std::uint64_t>, kNames.size()> messages_of_level{};

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto l = std::make_shared<spdlog::logger>(
            "logi", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        l->set_formatter(
            std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc));
        return l;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return spdlog::level::debug;
        case LogLevel::kInfo:
            return spdlog::level::info;
        case LogLevel::kWarn:
            return spdlog::level::warn;
        case LogLevel::kError:
            break;
    }
    return spdlog::level::err;
}

// Breaks no line, and tells no terminal what to do.
bool is_harmless(const Rune& rune) {
    constexpr char32_t kDelete = 0x7f;
    constexpr char32_t kControlsEnd = 0xa0;
    constexpr char32_t kLineSeparator = 0x2028;
    constexpr char32_t kParagraphSeparator = 0x2029;
    return rune.valid && rune.value >= ' ' &&
           (rune.value < kDelete || rune.value >= kControlsEnd) && rune.value != kLineSeparator &&
           rune.value != kParagraphSeparator;
}

void append_escaped(std::string& out, char32_t rune) {
    switch (rune) {
        case '\n':
            out.append("\\n");
            return;
        case '\r':
            out.append("\\r");
            return;
        case '\t':
            out.append("\\t");
            return;
        default:
            absl::StrAppend(
                &out, "\\u", absl::Hex(static_cast<std::uint32_t>(rune), absl::kZeroPad4));
    }
}

// A string of JSON, which is one of logfmt as well.
void append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    while (!text.empty()) {
        const Rune rune = decode_rune(text);
        if (rune.value == '"' || rune.value == '\\') {
            out.push_back('\\');
        }
        if (is_harmless(rune)) {
            out.append(text.substr(0, rune.length));
        } else {
            append_escaped(out, rune.value);
        }
        text.remove_prefix(rune.length);
    }
    out.push_back('"');
}

bool needs_quotes(std::string_view text) {
    bool plain = !text.empty();
    while (plain && !text.empty()) {
        const Rune rune = decode_rune(text);
        plain = is_harmless(rune) && rune.value != ' ' && rune.value != '=' && rune.value != '"';
        text.remove_prefix(rune.length);
    }
    return !plain;
}

// Whole runes.
std::string_view beginning_of(std::string_view text) {
    std::size_t end = kValueBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

std::string time_text(spdlog::log_clock::time_point time) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromChrono(time), absl::UTCTimeZone());
}

// One line, without its end.
class Line {
  public:
    explicit Line(LogFormat format) : json_(format == LogFormat::kJson) {}

    void add(std::string_view key, std::string_view value) {
        if (value.size() > kValueBytesMax) {
            add_whole(
                key,
                absl::StrCat(std::string(beginning_of(value)), "... of ", value.size(), " bytes"));
        } else {
            add_whole(key, value);
        }
    }
    [[nodiscard]] std::string take() {
        text_.append(json_ ? "}" : "");
        return std::move(text_);
    }

  private:
    void add_whole(std::string_view key, std::string_view value) {
        if (json_) {
            text_.append(text_.empty() ? "{" : ",");
            append_quoted(text_, key);
            text_.push_back(':');
            append_quoted(text_, value);
            return;
        }
        text_.append(text_.empty() ? "" : " ").append(key).append("=");
        if (needs_quotes(value)) {
            append_quoted(text_, value);
        } else {
            text_.append(value);
        }
    }

    const bool json_;
    std::string text_;
};

}  // namespace

std::string log_line(LogFormat format,
                     std::string_view time,
                     LogLevel level,
                     std::string_view message,
                     const LogFields& fields) {
    Line line(format);
    line.add("ts", time);
    line.add("level", log_level_name(level));
    line.add("msg", message);
    for (const auto& [key, value] : fields) {
        line.add(key, value);
    }
    return line.take();
}

void log(LogLevel level, std::string_view message, const LogFields& fields) {
    const auto spd_level = to_spdlog(level);
    if (!logger().should_log(spd_level)) {
        return;
    }
    messages_of_level[static_cast<std::size_t>(level)].fetch_add(1, std::memory_order_relaxed);
    logger().log(spd_level,
                 "{}",
                 log_line(format_now, time_text(spdlog::log_clock::now()), level, message, fields));
    logger().flush();
}

std::uint64_t log_messages(LogLevel level) {
    return messages_of_level[static_cast<std::size_t>(level)].load(std::memory_order_relaxed);
}

void set_log_format(LogFormat format) {
    format_now = format;
}

bool parse_log_format(std::string_view name, LogFormat& out) {
    if (name != "logfmt" && name != "json") {
        return false;
    }
    out = name == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
    return true;
}

void set_log_level(LogLevel level) {
    logger().set_level(to_spdlog(level));
}

LogLevel log_level() {
    switch (logger().level()) {
        case spdlog::level::trace:
        case spdlog::level::debug:
            return LogLevel::kDebug;
        case spdlog::level::info:
            return LogLevel::kInfo;
        case spdlog::level::warn:
            return LogLevel::kWarn;
        default:
            return LogLevel::kError;
    }
}

std::string_view log_level_name(LogLevel level) {
    return kNames[static_cast<std::size_t>(level)];
}

bool parse_log_level(std::string_view name, LogLevel& out) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) {
            out = static_cast<LogLevel>(i);
            return true;
        }
    }
    return false;
}

}  // namespace logi::base
