#include "block/letter_triples.h"

#include <gtest/gtest.h>

namespace logi::block {
namespace {

constexpr std::size_t kAny = LetterTriples::kFilterBytesMax;

TEST(LetterTriples, WhatIsThereMayBeThere) {
    LetterTriples triples;
    triples.add("Connection refused by upstream, status=503 id=c0ffee");
    const std::string filter = triples.filter(kAny);
    EXPECT_EQ(filter.size(), 32);
    for (const std::string_view text : {"refused", "REFUSED by up", "ups", "Conn", "s=503 id="}) {
        EXPECT_TRUE(may_have(filter, text)) << text;
    }
    for (const std::string_view text : {"timeout", "refuted", "nothing of it"}) {
        EXPECT_FALSE(may_have(filter, text)) << text;
    }
}

TEST(LetterTriples, OnlyThreeLettersThatAreNoDigitsTellAnything) {
    LetterTriples triples;
    triples.add("nothing");
    const std::string filter = triples.filter(kAny);
    for (const std::string_view text :
         {"", "zz", "504", "deadbeef", "DEAD", "z-z z.z", "x7x8x9", "\xC3\xA4\xC3\xA4"}) {
        EXPECT_TRUE(may_have(filter, text)) << text;
    }
    EXPECT_FALSE(may_have(filter, "deg"));
    EXPECT_TRUE(may_have("", "anything"));
}

TEST(LetterTriples, AreFoundAcrossAPlace) {
    const std::string text = "\n\nuserbob\n\n";
    LetterTriples triples;
    triples.add("user");
    triples.add("bob");
    EXPECT_FALSE(may_have(triples.filter(kAny), "userbob"));
    triples.add_across(text.data(), 6);
    EXPECT_TRUE(may_have(triples.filter(kAny), "userbob"));
    triples.clear();
    triples.add_across(text.data(), 2);  // the text begins here
    EXPECT_FALSE(may_have(triples.filter(kAny), "use"));
}

TEST(LetterTriples, TooManyMakeNoFilter) {
    LetterTriples triples;
    for (char a = 'a'; a <= 'z'; ++a) {
        for (char b = 'a'; b <= 'z'; ++b) {
            triples.add(std::string{a, b, 'x'});
        }
    }
    EXPECT_EQ(triples.filter(kAny).size(), 256);
    EXPECT_EQ(triples.filter(100), "");
    for (char a = 'a'; a <= 'z'; ++a) {
        for (char b = 'a'; b <= 'z'; ++b) {
            for (char c = 'a'; c <= 'z'; ++c) {
                triples.add(std::string{a, b, c});
            }
        }
    }
    EXPECT_EQ(triples.filter(kAny), "");
}

}  // namespace
}  // namespace logi::block
