#include "fields/ip_matcher.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace logi::fields {
namespace {

TEST(IpMatcher, FindsAddresses) {
    struct Case {
        const char* pattern;
        const char* text;
        bool matches;
    };
    for (const auto& [pattern, text, matches] :
         std::vector<Case>{{"10.0.0.1", "10.0.0.1", true},
                           {"10.0.0.1", "10.0.0.1:80", true},
                           {"10.0.0.1", " 10.0.0.1", true},
                           {"10.0.0.1", "10.0.0.1,10.0.0.2", true},
                           {"10.0.0.2", "10.0.0.1,10.0.0.2", true},
                           {"10.0.0.1", "010.0.0.1", false},
                           {"10.0.0.1", "10.0.0.1.5", false},
                           {"10.0.0.1", "::ffff:10.0.0.1", false},
                           {"10.0.0.1", "localhost", false},
                           {"10.0.0.1", "", false},
                           {"10.0.0.0/24", "v=\"10.0.0.255\"", true},
                           {"10.0.0.0/24", "10.0.1.0", false},
                           {"192.168.1.1/16", "192.168.200.1", true},
                           {"0.0.0.0/0", "time 10:00:00 is not an address", false},
                           {"0.0.0.0/0", "1.2.3", false},
                           {"10.0.0.2-10.0.1.0", "10.0.0.255", true},
                           {"10.0.0.2-10.0.1.0", "10.0.1.1", false},
                           {"::1", "[::1]:80", true},
                           {"::1", "v=\"::1\" x", true},
                           {"::1", "::1", false},  // too short at the end to be seen
                           {"::1-::2", "a ::2 b", true},
                           {"2001:db8::1", "2001:0db8:0000::0001", true},
                           {"2001:db8::/120", "2001:db8::ff", true},
                           {"2001:db8::/120", "2001:db8::100", false},
                           {"fe80::/10", "fe80::1%eth0", true},
                           {"fe80::1%eth0", "fe80::1%eth0", false},
                           {"::ffff:0:0/96", "::ffff:10.0.0.1", true},
                           {"::/0", "10.0.0.1", false}}) {
        const auto matcher = IpMatcher::compile(pattern);
        ASSERT_TRUE(matcher.ok()) << matcher.status();
        EXPECT_EQ(matcher->matches(text), matches) << pattern << " on " << text;
    }
}

TEST(IpMatcher, BadPatterns) {
    for (const std::string pattern : {"x",
                                      "",
                                      "300.1.1.1",
                                      "10.0.0.0/33",
                                      "10.0.0.0/",
                                      "10.0.0.0/08",
                                      "::/129",
                                      "10.0.0.9-10.0.0.1",
                                      "10.0.0.1-::1",
                                      "10.0.0.1 - 10.0.0.2",
                                      "1.2.3.4%eth0",
                                      "1:2:3:4:5:6:7:8:9"}) {
        EXPECT_EQ(message_of(IpMatcher::compile(pattern).status()),
                  "ip: invalid pattern: \"" + pattern + "\"");
    }
    EXPECT_FALSE(IpMatcher::compile(std::string("1.2.3.4\0", 8)).ok());
}

}  // namespace
}  // namespace logi::fields
