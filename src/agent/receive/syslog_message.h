// Messages of syslog, by RFC 5424 and by RFC 3164.
#pragma once

#include "base/status.h"
#include "base/time.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

enum class SyslogFormat { kRfc5424, kRfc3164 };

// One parameter of structured data: of [id name="value"].
struct SyslogParameter {
    std::string_view id;
    std::string_view name;
    std::string value;  // without escapes
};

// Views point into the text. What a message does not say is empty.
struct SyslogMessage {
    unsigned facility = 0;
    unsigned severity = 0;
    std::optional<Timestamp> time;
    std::string_view hostname;
    std::string_view app_name;
    std::string_view proc_id;
    std::string_view msg_id;
    std::vector<SyslogParameter> parameters;
    std::string_view text;  // without a byte order mark
};

// <34>1 2003-10-11T22:14:15.003Z host app 111 ID47 [id name="value"] text. Fields may be longer,
// and times finer, than the RFC has it. kInvalidArgument says what is wrong, and where.
StatusOr<SyslogMessage> parse_rfc5424(std::string_view text);

// <34>Oct 11 22:14:15 host app[111]: text, or with an RFC 3339 time; times without a zone are UTC,
// their year is the one nearest to `now`. Only <34> is needed: where what follows is not like that,
// it is text. kInvalidArgument as above.
StatusOr<SyslogMessage> parse_rfc3164(std::string_view text, Timestamp now);

// "kern", "user", …, "local7"; "emergency", …, "debug".
[[nodiscard]] std::string_view facility_name(unsigned facility);
[[nodiscard]] std::string_view severity_name(unsigned severity);

}  // namespace logi::agent
