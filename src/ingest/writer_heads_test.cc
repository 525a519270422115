// What is in journals, asked of the stores that write them.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ingest/shared_stores.h"
#include "io/random.h"

#include <gtest/gtest.h>

namespace logi::ingest {
namespace {

class WriterHeadsTest : public SharedStores {
  protected:
    // Of a process that reads: it asks the stores in `writers`.
    std::unique_ptr<Store> open_reader(std::uint64_t bytes_max = 1 << 20) {
        SharedStoreOptions options;
        options.journals_bytes_max = bytes_max;
        options.ask_writers = [this](const HeadQuestion& question) {
            ++asked;
            std::vector<HeadAnswer> answers;
            for (const Store* writer : writers) {
                auto answer = decode_answer(encode_answer(
                    writer->answer_heads(*decode_question(encode_question(question)))));
                if (spoil) {
                    spoil(*answer);
                }
                answers.push_back(*std::move(answer));
            }
            return answers;
        };
        return open_store(options);
    }
    std::unique_ptr<Store> open_writer(const std::string& name) {
        SharedStoreOptions options;
        options.writer = name;
        options.kept_bytes_max = kept_bytes_max;
        auto store = open_store(options);
        writers.push_back(store.get());
        return store;
    }
    // Objects of journals that were read from the bucket since the last call.
    int journal_reads() { return std::exchange(journal_reads_, 0); }
    void SetUp() override {
        before_call_ = [this](const std::string& what, const std::string& key) {
            journal_reads_ += what == "get" && absl::StartsWith(key, "journals/") ? 1 : 0;
        };
    }

    std::vector<const Store*> writers;
    std::function<void(HeadAnswer&)> spoil;
    std::uint64_t kept_bytes_max = 1 << 20;
    int asked = 0;

  private:
    int journal_reads_ = 0;
};

TEST_F(WriterHeadsTest, WritersAreAskedAndNotTheBucket) {
    const auto a = open_writer("a");
    const auto b = open_writer("b");
    const auto reader = open_reader();
    EXPECT_EQ(push(*a, "t", "one"), 204);
    EXPECT_EQ(push(*b, "t", "two"), 204);
    EXPECT_EQ(push(*b, "other", "three"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"one", "two"}));
    EXPECT_EQ(lines(*reader, "other"), Lines({"three"}));
    EXPECT_EQ(push(*a, "t", "four"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"four", "one", "two"}));
    flush(*a);
    EXPECT_EQ(push(*a, "t", "five"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"five", "four", "one", "two"}));
    EXPECT_EQ(lines(*reader, "nobody's"), Lines());
    EXPECT_EQ(journal_reads(), 0);
    EXPECT_TRUE(missing_.empty());
}

TEST_F(WriterHeadsTest, TheBucketIsReadForWhoDoesNotAnswer) {
    const auto a = open_writer("a");
    const auto b = open_writer("b");
    const auto reader = open_reader();
    EXPECT_EQ(push(*a, "t", "one"), 204);
    EXPECT_EQ(push(*b, "t", "two"), 204);
    writers.pop_back();
    EXPECT_EQ(lines(*reader, "t"), Lines({"one", "two"}));
    EXPECT_EQ(journal_reads(), 1);
    // By turns: nothing is found twice, or lost.
    writers.push_back(b.get());
    EXPECT_EQ(push(*b, "t", "three"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"one", "three", "two"}));
    writers.clear();
    EXPECT_EQ(push(*b, "t", "four"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"four", "one", "three", "two"}));
    writers = {b.get(), a.get()};
    EXPECT_EQ(lines(*reader, "t"), Lines({"four", "one", "three", "two"}));
    EXPECT_TRUE(missing_.empty());
}

TEST_F(WriterHeadsTest, WhatAWriterHasForgottenIsReadFromTheBucket) {
    kept_bytes_max = 1;
    const auto writer = open_writer("w");
    const auto reader = open_reader();
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    EXPECT_EQ(push(*writer, "t", "two"), 204);
    EXPECT_EQ(lines(*reader, "t"), Lines({"one", "two"}));
    EXPECT_EQ(journal_reads(), 2);
    EXPECT_TRUE(missing_.empty());
}

TEST_F(WriterHeadsTest, AnAnswerThatCannotBeUsedIsNone) {
    const auto writer = open_writer("w");
    const auto reader = open_reader();
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    EXPECT_EQ(push(*writer, "t", "two"), 204);
    const std::vector<std::function<void(HeadAnswer&)>> ways = {
        [](HeadAnswer& answer) { answer.at(0).objects.at(1).back() ^= 1; },
        [](HeadAnswer& answer) {
            std::swap(answer.at(0).objects.at(0), answer.at(0).objects.at(1));
        },
        [](HeadAnswer& answer) { answer.at(0).last = 1; },
        [](HeadAnswer& answer) { answer.at(0).objects.at(0) = "no object"; },
        [](HeadAnswer& answer) { ++answer.at(0).journal; },
        // As a later program writes it.
        [](HeadAnswer& answer) {
            answer.at(0).objects.at(1)[journal::kObjectMagic.size()] =
                static_cast<char>(journal::kObjectVersion + 1);
        },
        [](HeadAnswer& answer) { answer.clear(); },
        // More to come, and never anything.
        [](HeadAnswer& answer) {
            answer.at(0) = {answer.at(0).journal, 0, true, {}};
        },
        [&](HeadAnswer& answer) {
            answer.at(0).objects.at(0) = journal::encode_object(
                answer.at(0).journal, 1, "w", {{"other", std::make_shared<std::string>("secret")}});
        },
    };
    for (const auto& way : ways) {
        spoil = way;
        EXPECT_EQ(lines(*open_reader(), "t"), Lines({"one", "two"}));
        EXPECT_EQ(journal_reads(), 2);
        EXPECT_TRUE(missing_.empty());
    }
}

TEST_F(WriterHeadsTest, LongAnswersComeInParts) {
    const auto writer = open_writer("w");
    kept_bytes_max = 1 << 30;
    const auto large = open_writer("large");
    Lines sent;
    io::SeededRandom random(1);
    for (int i = 0; i < 150; ++i) {
        std::string line;
        while (line.size() < 250'000) {  // that does not pack
            absl::StrAppend(&line, absl::Hex(random.next_u64()));
        }
        sent.push_back(line);
        EXPECT_EQ(push(*large, "t", line), 204);
    }
    std::sort(sent.begin(), sent.end());
    const auto reader = open_reader(1 << 30);
    EXPECT_EQ(lines(*reader, "t"), sent);
    EXPECT_GT(asked, 1);
    EXPECT_EQ(journal_reads(), 0);
    // From then on only what is new is asked for.
    asked = 0;
    EXPECT_EQ(lines(*reader, "t"), sent);
    EXPECT_EQ(asked, 1);
    // Who has no room for all of it says so, and does not take more each time.
    const auto small = open_reader(1000);
    const std::size_t held = lines(*small, "t").size();
    EXPECT_LT(held, sent.size());
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(missing_.size(), 1U);
        EXPECT_EQ(lines(*small, "t").size(), held);
    }
}

TEST_F(WriterHeadsTest, TenantsThatNobodyAsksForMakeRoom) {
    const auto writer = open_writer("w");
    const auto reader = open_reader(1000);
    for (const std::string tenant : {"a", "b", "c"}) {
        EXPECT_EQ(push(*writer, tenant, "line of " + tenant), 204);
    }
    for (int i = 0; i < 2; ++i) {
        for (const std::string tenant : {"a", "b", "c"}) {
            EXPECT_EQ(lines(*reader, tenant), Lines({"line of " + tenant}));
        }
    }
    EXPECT_TRUE(missing_.empty());
}

TEST_F(WriterHeadsTest, WhatAPollFindsMeanwhileIsToldOnce) {
    SharedStoreOptions options;
    Lines told;
    options.listener = {[](const std::string& /*tenant*/) { return true; },
                        [&](const std::string& /*tenant*/, const auto& streams, const auto&) {
                            for (const auto& stream : *streams) {
                                for (const auto& entry : stream.entries) {
                                    told.emplace_back(entry.line);
                                }
                            }
                        }};
    std::function<void()> meanwhile = [] {
    };
    options.ask_writers = [&](const HeadQuestion& /*question*/) {
        std::exchange(meanwhile, [] {})();
        return std::vector<HeadAnswer>();
    };
    const auto a = open_writer("a");
    EXPECT_EQ(push(*a, "t", "one"), 204);
    const auto reader = open_store(options);
    ASSERT_TRUE(reader->poll_journals(true).ok());
    const auto b = open_writer("b");
    meanwhile = [&] {
        EXPECT_EQ(push(*b, "t", "two"), 204);
        EXPECT_TRUE(reader->poll_journals(true).ok());
    };
    (void)reader->pin("t", {Timestamp::min(), Timestamp::max()});
    ASSERT_TRUE(reader->poll_journals(true).ok());
    EXPECT_EQ(told, Lines({"one", "two"}));
}

TEST_F(WriterHeadsTest, WhoFollowsGetsWhatThePollHasReadAndTheWriterDoesNotTellYet) {
    const auto writer = open_writer("w");
    EXPECT_EQ(push(*writer, "t", "one"), 204);
    const auto reader = open_reader();
    spoil = [](HeadAnswer& answer) {
        for (auto& part : answer) {
            part.last = 0;
            part.objects.clear();
        }
    };
    const auto found = [&](Heads from) {
        return sorted_lines(
            reader->pin("t", {Timestamp::min(), Timestamp::max()}, {}, Opening::kNow, from));
    };
    EXPECT_EQ(found(Heads::kOfWriters), Lines());
    EXPECT_EQ(found(Heads::kOfBucket), Lines({"one"}));
}

TEST(HeadMessages, BytesThatAreNoneAreRefused) {
    const std::string question = encode_question({"tenant", {{1, 2}, {3, 4}}});
    EXPECT_EQ(decode_question(question)->after,
              (std::map<std::uint64_t, std::uint64_t>{{1, 2}, {3, 4}}));
    const std::string answer = encode_answer({{1, 2, true, {"one", "two"}}, {3, 0, false, {}}});
    EXPECT_EQ(decode_answer(answer)->size(), 2U);
    for (std::size_t size = 0; size < question.size(); ++size) {
        EXPECT_FALSE(decode_question(question.substr(0, size)).ok());
    }
    for (std::size_t size = 0; size < answer.size(); ++size) {
        EXPECT_FALSE(decode_answer(answer.substr(0, size)).ok());
    }
    EXPECT_FALSE(decode_question(question + "x").ok());
    EXPECT_FALSE(decode_answer(answer + "x").ok());
    io::SeededRandom random(1);
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = i % 2 == 0 ? question : answer;
        bytes[random.below(bytes.size())] = static_cast<char>(random.next_u64());
        (void)decode_question(bytes);
        (void)decode_answer(bytes);
    }
}

}  // namespace
}  // namespace logi::ingest
