#include "agent/receive/syslog_message.h"

#include "absl/strings/str_cat.h"
#include "agent/time_format.h"
#include "base/ascii.h"
#include "base/rfc3339.h"
#include "template/zone.h"

#include <algorithm>
#include <array>

namespace logi::agent {
namespace {

constexpr std::array<std::string_view, 24> kFacilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog",   "lpr",     "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "security", "console", "solaris-cron",
    "local0", "local1", "local2",   "local3", "local4", "local5",   "local6",  "local7"};
constexpr std::array<std::string_view, 8> kSeverities = {
    "emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"};

constexpr std::size_t kPriorityMax = 191;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kStampBytes = 15;  // Oct 11 22:14:15
constexpr std::size_t kTagBytesMax = 128;

class Cursor {
  public:
    explicit Cursor(std::string_view text) : text_(text) {}

    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
    void skip(std::size_t bytes) { at_ += bytes; }
    bool take(char c) {
        const bool found = !at_end() && text_[at_] == c;
        at_ += found ? 1 : 0;
        return found;
    }
    // Up to `digits_max` of them; nothing if there is none.
    std::optional<unsigned> number(std::size_t digits_max) {
        unsigned value = 0;
        std::size_t digits = 0;
        while (digits < digits_max && base::is_digit(peek())) {
            value = value * 10 + static_cast<unsigned>(text_[at_++] - '0');
            ++digits;
        }
        return digits == 0 ? std::nullopt : std::optional<unsigned>(value);
    }
    // Up to a space or the end.
    std::string_view word() {
        const std::string_view left = rest();
        const std::string_view found = left.substr(0, left.find(' '));
        at_ += found.size();
        return found;
    }
    // Up to any of `ends`, which has to come.
    std::string_view until(std::string_view ends) {
        const std::string_view left = rest();
        const std::size_t end = left.find_first_of(ends);
        if (end == std::string_view::npos) {
            return {};
        }
        at_ += end;
        return left.substr(0, end);
    }
    [[nodiscard]] Status wrong(std::string_view what) const {
        return absl::InvalidArgumentError(
            absl::StrCat("expecting ", std::string(what), " [col ", at_, "]"));
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

Status read_priority(Cursor& in, SyslogMessage& out) {
    const bool open = in.take('<');
    const auto priority = in.number(3);
    if (!open || !priority.has_value() || *priority > kPriorityMax || !in.take('>')) {
        return in.wrong("a priority value within angle brackets");
    }
    out.facility = *priority / 8;
    out.severity = *priority % 8;
    return absl::OkStatus();
}

// A word, or nothing where a dash stands for that.
std::string_view read_field(Cursor& in) {
    const std::string_view word = in.word();
    return word == "-" ? std::string_view() : word;
}

Status read_value(Cursor& in, std::string& out) {
    if (!in.take('"')) {
        return in.wrong("a value in quotes in the structured data");
    }
    while (true) {
        const std::string_view piece = in.until("\"\\");
        out.append(piece);
        if (in.take('"')) {
            return absl::OkStatus();
        }
        if (!in.take('\\')) {
            return in.wrong("a quote at the end of a value of the structured data");
        }
        // A backslash before anything else is itself.
        const char c = in.peek();
        if (c != '"' && c != '\\' && c != ']') {
            out.push_back('\\');
        } else {
            out.push_back(c);
            in.skip(1);
        }
    }
}

Status read_element(Cursor& in, SyslogMessage& out) {
    const std::string_view id = in.until(" ]=\"");
    if (id.empty()) {
        return in.wrong("a name of structured data");
    }
    while (in.take(' ')) {
        if (in.peek() == ']') {
            break;
        }
        SyslogParameter parameter{id, in.until(" ]=\""), {}};
        if (parameter.name.empty() || !in.take('=')) {
            return in.wrong("a name and = in the structured data");
        }
        LOGI_RETURN_IF_ERROR(read_value(in, parameter.value));
        out.parameters.push_back(std::move(parameter));
    }
    return in.take(']') ? absl::OkStatus() : in.wrong("] at the end of the structured data");
}

Status read_structured_data(Cursor& in, SyslogMessage& out) {
    if (in.take('-')) {
        return absl::OkStatus();
    }
    if (in.peek() != '[') {
        return in.wrong("structured data, or a dash");
    }
    while (in.take('[')) {
        LOGI_RETURN_IF_ERROR(read_element(in, out));
    }
    return absl::OkStatus();
}

Status expect_space(Cursor& in) {
    return in.take(' ') ? absl::OkStatus() : in.wrong("a space");
}

// Oct 11 22:14:15, or an RFC 3339 time. Nothing is taken where there is none.
std::optional<Timestamp> read_old_time(Cursor& in, Timestamp now) {
    static const TimeFormat kStamp("Jan _2 15:04:05", tmpl::Zone::utc());
    const std::string_view rest = in.rest();
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (const auto time = parse_rfc3339(word); time.ok()) {
        in.skip(word.size());
        return *time;
    }
    // A day of one digit may have no space before it.
    for (const std::size_t bytes : {kStampBytes, kStampBytes - 1}) {
        if (const auto time = kStamp.parse(rest.substr(0, bytes), now); time.has_value()) {
            in.skip(std::min(bytes, rest.size()));
            return time;
        }
    }
    return std::nullopt;
}

bool is_tag_byte(char c) {
    return c > ' ' && c < 0x7F && c != '[' && c != ']' && c != ':';
}

// app[111]: or app: with what follows; nothing is taken where there is none.
void read_tag(Cursor& in, SyslogMessage& out) {
    const std::string_view rest = in.rest();
    std::size_t end = 0;
    while (end < rest.size() && end < kTagBytesMax && is_tag_byte(rest[end])) {
        ++end;
    }
    const std::string_view name = rest.substr(0, end);
    std::string_view process;
    if (end < rest.size() && rest[end] == '[') {
        const std::size_t close = rest.find(']', end);
        if (close == std::string_view::npos) {
            return;
        }
        process = rest.substr(end + 1, close - end - 1);
        end = close + 1;
    }
    if (name.empty() || end >= rest.size() || rest[end] != ':') {
        return;
    }
    out.app_name = name;
    out.proc_id = process;
    in.skip(end + 1);
    in.take(' ');
}

}  // namespace

StatusOr<SyslogMessage> parse_rfc5424(std::string_view text) {
    Cursor in(text);
    SyslogMessage out;
    LOGI_RETURN_IF_ERROR(read_priority(in, out));
    if (const auto version = in.number(3); version.value_or(0) == 0) {
        return in.wrong("a version value in the range 1-999");
    }
    LOGI_RETURN_IF_ERROR(expect_space(in));
    const Cursor before_time = in;
    if (const std::string_view time = read_field(in); !time.empty()) {
        const auto parsed = parse_rfc3339(time);
        if (!parsed.ok()) {
            return before_time.wrong("an RFC 3339 time, or a dash");
        }
        out.time = *parsed;
    }
    for (std::string_view* field : {&out.hostname, &out.app_name, &out.proc_id, &out.msg_id}) {
        LOGI_RETURN_IF_ERROR(expect_space(in));
        if (in.peek() == ' ' || in.at_end()) {
            return in.wrong("hostname, app name, process id and message id, or dashes");
        }
        *field = read_field(in);
    }
    LOGI_RETURN_IF_ERROR(expect_space(in));
    LOGI_RETURN_IF_ERROR(read_structured_data(in, out));
    if (!in.at_end()) {
        LOGI_RETURN_IF_ERROR(expect_space(in));
        out.text = in.rest();
        if (out.text.starts_with(kByteOrderMark)) {
            out.text.remove_prefix(kByteOrderMark.size());
        }
    }
    return out;
}

StatusOr<SyslogMessage> parse_rfc3164(std::string_view text, Timestamp now) {
    Cursor in(text);
    SyslogMessage out;
    LOGI_RETURN_IF_ERROR(read_priority(in, out));
    out.time = read_old_time(in, now);
    if (!out.time.has_value()) {
        read_tag(in, out);
    } else if (in.take(' ')) {
        read_tag(in, out);
        if (out.app_name.empty()) {
            out.hostname = in.word();
            if (in.take(' ')) {
                read_tag(in, out);
            }
        }
    }
    out.text = in.rest();
    return out;
}

std::string_view facility_name(unsigned facility) {
    return kFacilities.at(facility);
}

std::string_view severity_name(unsigned severity) {
    return kSeverities.at(severity);
}

}  // namespace logi::agent
