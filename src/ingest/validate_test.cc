#include "ingest/validate.h"

#include "ingest/record.h"

#include <gtest/gtest.h>

namespace logi::ingest {
namespace {

constexpr Timestamp kNow{1'700'000'000'000'000'000};

wire::PushRequest request_of(std::vector<LabelPair> labels, std::vector<EntryView> entries) {
    wire::PushRequest request;
    wire::PushStream stream;
    stream.labels = std::move(labels);
    stream.entries = std::move(entries);
    request.streams.push_back(std::move(stream));
    return request;
}

TEST(Validate, GoodEntriesStayBesideBadOnes) {
    Limits limits;
    limits.max_line_size = 10;
    auto request = request_of({{"app", "a"}},
                              {{kNow, "good", {}},
                               {kNow - Duration::hours(24 * 8), "old", {}},
                               {kNow + Duration::hours(1), "new", {}},
                               {kNow, "12345678901", {}},
                               {kNow, "1234567890", {}}});
    const auto v = validate(std::move(request), limits, kNow);
    ASSERT_EQ(v.streams.size(), 1U);
    EXPECT_EQ(v.streams[0].labels.to_string(), "{app=\"a\", service_name=\"a\"}");
    EXPECT_EQ(v.streams[0].entries.size(), 2U);
    ASSERT_EQ(v.errors.size(), 3U);
    EXPECT_EQ(v.errors[0],
              "entry for stream '{app=\"a\", service_name=\"a\"}' has timestamp too old: "
              "2023-11-06T22:13:20Z, oldest acceptable timestamp is: 2023-11-07T22:13:20Z");
    EXPECT_EQ(
        v.errors[2],
        "max entry size '10' bytes exceeded for stream '{app=\"a\", service_name=\"a\"}' while "
        "adding an entry with length '11' bytes");
    EXPECT_EQ(v.discarded.at("line_too_long").lines, 1U);
}

TEST(Validate, StreamsAndNames) {
    const Limits limits;
    EXPECT_EQ(validate({}, limits, kNow).fatal_status, 422);
    std::vector<LabelPair> many;
    for (int i = 0; i < 16; ++i) {
        many.push_back({"l" + std::to_string(i), "v"});
    }
    const auto over = validate(request_of(many, {{kNow, "x", {}}}), limits, kNow);
    ASSERT_EQ(over.errors.size(), 1U);
    EXPECT_NE(over.errors[0].find("has 16 label names; limit 15"), std::string::npos);
    many.pop_back();
    EXPECT_TRUE(validate(request_of(many, {{kNow, "x", {}}}), limits, kNow).errors.empty());
    EXPECT_EQ(
        validate(request_of({{"bad name", "v"}}, {{kNow, "x", {}}}), limits, kNow).fatal_status,
        400);
    const auto none = validate(request_of({}, {{kNow, "x", {}}}), limits, kNow);
    ASSERT_EQ(none.streams.size(), 1U);
    EXPECT_EQ(none.streams[0].labels.to_string(), "{service_name=\"unknown_service\"}");
}

TEST(Validate, MetadataNames) {
    for (const auto& [name, expected] :
         std::vector<std::pair<std::string, std::string>>{{"service.name", "service_name"},
                                                          {"123.foo", "key_123_foo"},
                                                          {"a..b__c", "a_b_c"},
                                                          {"_x", "_x"},
                                                          {"__x", "_x"},
                                                          {"__x__", "__x__"}}) {
        EXPECT_EQ(*normalise_metadata_name(name), expected);
    }
    const auto bad =
        validate(request_of({{"a", "b"}}, {{kNow, "x", {{"\xc3\xa9", "v"}}}}), Limits(), kNow);
    EXPECT_EQ(bad.fatal_status, 500);
    EXPECT_TRUE(bad.streams.empty());
}

TEST(Validate, MessagesAreGrouped) {
    EXPECT_EQ(validation_message({"a"}), "a");
    EXPECT_EQ(validation_message({"a", "b", "a"}), "2 errors like: a; 1 errors like: b");
}

TEST(Record, ComesBackAndRefusesEveryTruncation) {
    AcceptedStream stream;
    stream.labels = *Labels::parse("{a=\"b\"}");
    stream.id = stream.labels.id();
    stream.entries = {
        {{5}, "line", {{"k", "v"}}}, {Timestamp::min(), "", {}}, {Timestamp::max(), "z", {}}};
    std::vector<AcceptedStream> streams = {stream};
    const auto record = encode_record("tenant", streams);
    const std::string& bytes = *record;
    const auto back = decode_record(bytes);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->tenant, "tenant");
    ASSERT_EQ(back->streams.size(), 1U);
    EXPECT_EQ(back->streams[0].id, stream.id);
    ASSERT_EQ(back->streams[0].entries.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(back->streams[0].entries[i].time, stream.entries[i].time);
        EXPECT_EQ(back->streams[0].entries[i].line, stream.entries[i].line);
        EXPECT_EQ(back->streams[0].entries[i].metadata, stream.entries[i].metadata);
        // What was encoded points into the record from then on.
        const EntryView& moved = streams[0].entries[i];
        EXPECT_EQ(moved.line, stream.entries[i].line);
        EXPECT_EQ(moved.metadata, stream.entries[i].metadata);
        EXPECT_GE(moved.line.data(), bytes.data());
        EXPECT_LE(moved.line.data() + moved.line.size(), bytes.data() + bytes.size());
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        EXPECT_FALSE(decode_record(std::string_view(bytes).substr(0, i)).ok());
    }
}

}  // namespace
}  // namespace logi::ingest
