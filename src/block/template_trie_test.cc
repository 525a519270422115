#include "block/template_trie.h"

#include "block/gathered_text.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

namespace logi::block {
namespace {

struct Kinds {
    GatheredText text;
    std::vector<Slot> lines;
    std::vector<Template> kinds;
    TemplateTrie trie;

    // One template per line, which have different ones.
    explicit Kinds(const std::vector<std::string>& texts) {
        std::size_t bytes = 0;
        for (const auto& t : texts) {
            bytes += t.size();
        }
        text.begin(texts.size(), bytes);
        for (const auto& t : texts) {
            lines.push_back(text.add(t));
        }
        text.finish_run();
        std::vector<CutSlot> slots;
        for (const Slot& line : lines) {
            const std::uint32_t end = line.begin + line.size;
            cut(text.masked(), line.begin, end, CutRule::kCoarse, slots);
            kinds.emplace_back(text.masked(), slots, line.begin, end);
            trie.add(kinds.back(), static_cast<std::uint32_t>(kinds.size() - 1));
        }
    }
    std::uint32_t match(const Slot& line) {
        return trie.match(text.masked(), line.begin, line.begin + line.size);
    }
    // What the template that was found last makes of its slots.
    [[nodiscard]] std::string put_together(std::uint32_t number) const {
        const Template& kind = kinds[number];
        std::string line(kind.piece(0));
        for (std::size_t i = 0; i < kind.slots(); ++i) {
            line += text.masked().view(trie.slots()[i]);
            line += kind.piece(i + 1);
        }
        return line;
    }
};

// Names of few syllables: many begin with all of another.
std::string name(std::mt19937_64& random) {
    static constexpr std::string_view kSyllables[] = {"lo", "gi", "host", "wri", "ter", "map"};
    std::string name;
    for (std::uint64_t n = 1 + random() % 9; n > 0; --n) {
        name += kSyllables[random() % std::size(kSyllables)];
    }
    return name;
}

TEST(TemplateTrie, HundredsThatBeginAlikeAreToldApart) {
    std::mt19937_64 random(1);
    for (const std::string begin :
         {"", "\t   :", "12 one beginning of many bytes for all of them "}) {
        std::vector<std::string> texts;
        std::set<std::string> names;
        while (names.size() < 1500) {
            const std::string n = name(random);
            if (names.insert(n).second) {
                texts.push_back(begin + n);
                texts.push_back(begin + n + " 7 " + n + "=x");
            }
        }
        Kinds kinds(texts);
        for (std::uint32_t i = 0; i < texts.size(); ++i) {
            const std::uint32_t number = kinds.match(kinds.lines[i]);
            ASSERT_NE(number, TemplateTrie::kNone) << texts[i];
            EXPECT_EQ(kinds.put_together(number), texts[i]);
            EXPECT_EQ(number, i);
        }
    }
}

TEST(TemplateTrie, WhatFollowsNoTemplateIsOfNone) {
    Kinds kinds({"host 1", "host 1 up", "hosts 1 up", "host", "writer 2", "write 3", "writers 4 "});
    Kinds others({"hos 1", "host 1 u", "host 1 ups", "hosts", "hostw 1", "write", "writers 4", ""});
    kinds.text = std::move(others.text);
    for (const Slot& line : others.lines) {
        EXPECT_EQ(kinds.match(line), TemplateTrie::kNone) << kinds.text.masked().view(line);
    }
}

}  // namespace
}  // namespace logi::block
