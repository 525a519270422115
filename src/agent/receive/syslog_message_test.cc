#include "agent/receive/syslog_message.h"

#include "base/rfc3339.h"

#include <gtest/gtest.h>

namespace logi::agent {
namespace {

Timestamp at(std::string_view text) {
    return *parse_rfc3339(text);
}

std::string message_error(std::string_view text) {
    return std::string(parse_rfc5424(text).status().message());
}

TEST(Rfc5424, AllFields) {
    const auto m = parse_rfc5424(
        "<165>1 2003-10-11T22:14:15.003Z host.example evntslog 11 ID47 "
        "[exampleSDID@32473 iut=\"3\" eventSource=\"App \\\"x\\\" \\] \\n\"][b@1 c=\"\"] "
        "\xEF\xBB\xBF text of it ");
    ASSERT_TRUE(m.ok()) << m.status();
    EXPECT_EQ(facility_name(m->facility), "local4");
    EXPECT_EQ(severity_name(m->severity), "notice");
    EXPECT_EQ(m->time, at("2003-10-11T22:14:15.003Z"));
    EXPECT_EQ(m->hostname, "host.example");
    EXPECT_EQ(m->app_name, "evntslog");
    EXPECT_EQ(m->proc_id, "11");
    EXPECT_EQ(m->msg_id, "ID47");
    EXPECT_EQ(m->text, " text of it ");
    ASSERT_EQ(m->parameters.size(), 3U);
    EXPECT_EQ(m->parameters[1].id, "exampleSDID@32473");
    EXPECT_EQ(m->parameters[1].name, "eventSource");
    EXPECT_EQ(m->parameters[1].value, "App \"x\" ] \\n");
    EXPECT_EQ(m->parameters[2].value, "");
}

TEST(Rfc5424, DashesAreNothing) {
    const auto m = parse_rfc5424("<0>999 - - - - - - text");
    ASSERT_TRUE(m.ok()) << m.status();
    EXPECT_EQ(m->time, std::nullopt);
    EXPECT_EQ(m->hostname, "");
    EXPECT_EQ(m->msg_id, "");
    EXPECT_EQ(facility_name(m->facility), "kern");
    EXPECT_EQ(severity_name(m->severity), "emergency");
    EXPECT_EQ(m->text, "text");
    EXPECT_EQ(parse_rfc5424("<191>1 - - - - - -")->text, "");
    EXPECT_EQ(parse_rfc5424("<191>1 - h a p m [id]")->parameters.size(), 0U);
    EXPECT_EQ(parse_rfc5424("<191>1 - h - p - - -")->text, "-");
}

TEST(Rfc5424, WhatIsNone) {
    EXPECT_EQ(message_error("text"), "expecting a priority value within angle brackets [col 0]");
    EXPECT_EQ(message_error("<192>1 - - - - - -"),
              "expecting a priority value within angle brackets [col 4]");
    EXPECT_EQ(message_error("<13>Oct 11 22:14:15 host su: x"),
              "expecting a version value in the range 1-999 [col 4]");
    EXPECT_EQ(message_error("<13>1 yesterday - - - - -"),
              "expecting an RFC 3339 time, or a dash [col 6]");
    for (const char* text : {"",
                             "<",
                             "<13",
                             "<13>",
                             "<13>0 - - - - - -",
                             "<13>1",
                             "<13>1 ",
                             "<13>1 -",
                             "<13>1 - h",
                             "<13>1 - h a p m",
                             "<13>1 - h a p m ",
                             "<13>1 - h a p m x",
                             "<13>1 - h a  m - x",
                             "<13>1 - h a p m [",
                             "<13>1 - h a p m [id",
                             "<13>1 - h a p m [id n]",
                             "<13>1 - h a p m [id n=]",
                             "<13>1 - h a p m [id n=\"",
                             "<13>1 - h a p m [id n=\"\\",
                             "<13>1 - h a p m [id n=\"v\"",
                             "<13>1 - h a p m [id n=\"v\"]x"}) {
        EXPECT_FALSE(parse_rfc5424(text).ok()) << text;
    }
}

struct Old {
    const char* text;
    const char* time;
    const char* host;
    const char* app;
    const char* process;
    const char* message;
};

TEST(Rfc3164, WhatIsThere) {
    const Timestamp now = at("2024-01-03T12:00:00Z");
    for (const Old& each : {
             Old{"<34>Jan  2 22:14:15 mymachine su[7]: 'su root' failed",
                 "2024-01-02T22:14:15Z",
                 "mymachine",
                 "su",
                 "7",
                 "'su root' failed"},
             // Across New Year, and a day without a space before it.
             Old{"<34>Dec 31 23:59:59 h app: x", "2023-12-31T23:59:59Z", "h", "app", "", "x"},
             Old{"<34>Jan 2 22:14:15 h app: x", "2024-01-02T22:14:15Z", "h", "app", "", "x"},
             Old{"<34>2024-01-02T22:14:15.5+01:00 h a/b.c[1]:x",
                 "2024-01-02T21:14:15.5Z",
                 "h",
                 "a/b.c",
                 "1",
                 "x"},
             // As syslog(3) writes it.
             Old{"<34>Jan  2 22:14:15 su[7]: x", "2024-01-02T22:14:15Z", "", "su", "7", "x"},
             Old{"<34>Jan  2 22:14:15 host no tag here",
                 "2024-01-02T22:14:15Z",
                 "host",
                 "",
                 "",
                 "no tag here"},
             Old{"<34>app[9]: x y", "", "", "app", "9", "x y"},
             Old{"<34>only a text", "", "", "", "", "only a text"},
             Old{"<34>", "", "", "", "", ""},
         }) {
        const auto m = parse_rfc3164(each.text, now);
        ASSERT_TRUE(m.ok()) << m.status();
        EXPECT_EQ(m->time.has_value() ? format_rfc3339(*m->time) : "", each.time) << each.text;
        EXPECT_EQ(m->hostname, each.host) << each.text;
        EXPECT_EQ(m->app_name, each.app) << each.text;
        EXPECT_EQ(m->proc_id, each.process) << each.text;
        EXPECT_EQ(m->text, each.message) << each.text;
        EXPECT_EQ(severity_name(m->severity), "critical");
        EXPECT_EQ(facility_name(m->facility), "auth");
    }
    EXPECT_FALSE(parse_rfc3164("Jan  2 22:14:15 h app: x", now).ok());
}

}  // namespace
}  // namespace logi::agent
