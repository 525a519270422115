#include "agent/receive/syslog_framer.h"

#include <gtest/gtest.h>

#include <vector>

namespace logi::agent {
namespace {

using Kind = SyslogFramer::Kind;
using Frames = std::vector<std::string>;

// Messages as they are, others as "too long: …" and "broken: …".
Frames all(SyslogFramer& framer, SyslogFramer::Frame (SyslogFramer::*next)()) {
    Frames frames;
    while (true) {
        const SyslogFramer::Frame frame = (framer.*next)();
        if (frame.kind == Kind::kNothing) {
            return frames;
        }
        const char* kind = frame.kind == Kind::kTooLong  ? "too long: "
                           : frame.kind == Kind::kBroken ? "broken: "
                                                         : "";
        frames.push_back(kind + std::string(frame.text));
    }
}

Frames add(SyslogFramer& framer, std::string_view bytes) {
    framer.add(bytes);
    return all(framer, &SyslogFramer::next);
}

// The same however the bytes are cut into pieces.
Frames all_of(std::string_view bytes, std::size_t bytes_max, std::size_t piece) {
    SyslogFramer framer(bytes_max);
    Frames frames;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        for (std::string& frame : add(framer, bytes.substr(at, piece))) {
            frames.push_back(std::move(frame));
        }
    }
    for (std::string& frame : all(framer, &SyslogFramer::next_at_end)) {
        frames.push_back(std::move(frame));
    }
    return frames;
}

TEST(SyslogFramer, CountedMessages) {
    const std::string bytes = "5 <1>ab7 <2>c\nd\n12 <3>123456789\n6 <4>end";
    const Frames expected = {"<1>ab", "<2>c\nd", "<3>123456789", "<4>end"};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        EXPECT_EQ(all_of(bytes, 100, piece), expected) << piece;
    }
}

TEST(SyslogFramer, LinesMayBeOfOneMessage) {
    const std::string bytes = "<1>one\r\n<2>two\n  more\n<xml>\n\n<3>three\n<4>four";
    const Frames expected = {"<1>one", "<2>two\n  more\n<xml>", "<3>three", "<4>four"};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        EXPECT_EQ(all_of(bytes, 100, piece), expected) << piece;
    }
}

TEST(SyslogFramer, ALineThatNothingFollowsIsWholeAfterAPause) {
    SyslogFramer framer(100);
    EXPECT_FALSE(framer.waits());
    EXPECT_EQ(add(framer, "<1>one\n<2>tw"), Frames{"<1>one"});
    EXPECT_FALSE(framer.waits());
    EXPECT_EQ(all(framer, &SyslogFramer::next_after_pause), Frames{});
    EXPECT_EQ(add(framer, "o\n"), Frames{});
    EXPECT_TRUE(framer.waits());
    EXPECT_EQ(all(framer, &SyslogFramer::next_after_pause), Frames{"<2>two"});
    EXPECT_FALSE(framer.waits());
    EXPECT_EQ(add(framer, "<3>three\n<4>"), Frames{"<3>three"});
}

TEST(SyslogFramer, TooLongOnesAreLeftOutAndTheNextIsFound) {
    const std::string text = "<1>" + std::string(50, 'x');
    const std::string lines = "<0>a\n" + text + "\nmore\n<2>b\n";
    const std::string counted = "4 <0>a53 " + text + "4 <2>b";
    for (const std::string& bytes : {lines, counted}) {
        for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
            const Frames frames = all_of(bytes, 20, piece);
            ASSERT_EQ(frames.size(), 3U) << piece;
            EXPECT_EQ(frames[0], "<0>a");
            EXPECT_TRUE(frames[1].starts_with("too long: ")) << frames[1];
            EXPECT_EQ(frames[2], "<2>b");
        }
    }
}

TEST(SyslogFramer, AMessageMayBeAsLongAsAllowed) {
    EXPECT_EQ(all_of("<1>2345678\r\n<2>\n", 10, 100), (Frames{"<1>2345678", "<2>"}));
    EXPECT_EQ(all_of("10 <1>2345678", 10, 1), (Frames{"<1>2345678"}));
}

TEST(SyslogFramer, WithoutALengthThereIsNoNextMessage) {
    SyslogFramer framer(100);
    EXPECT_EQ(add(framer, "4 <1>axyz"), (Frames{"<1>a", "broken: xyz"}));
    EXPECT_EQ(add(framer, "4 <1>a"), Frames{});
    SyslogFramer other(100);
    EXPECT_EQ(add(other, "123456789123 <1>"), (Frames{"broken: 123456789123 <1>"}));
}

}  // namespace
}  // namespace logi::agent
