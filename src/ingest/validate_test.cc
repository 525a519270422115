#include "ingest/validate.h"

#include "ingest/record.h"
#include "model/metadata_name.h"

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
    EXPECT_EQ(v.discarded.at({"line_too_long", {}}).lines, 1U);
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

wire::PushRequest text_request(const std::vector<std::string_view>& labels) {
    wire::PushRequest request;
    for (const auto text : labels) {
        wire::PushStream stream;
        stream.labels = text;
        stream.entries = {{kNow, "x", {}}};
        request.streams.push_back(std::move(stream));
    }
    return request;
}

// As recorded from a real Loki.
TEST(Validate, LabelsThatCannotBeReadFailTheWholePush) {
    const Limits limits;
    const auto text = validate(text_request({"{a=\"b\"}", "{a=\"b\""}), limits, kNow);
    EXPECT_EQ(text.fatal_status, 400);
    EXPECT_EQ(text.fatal_message,
              "couldn't parse labels: 1:7: parse error: unexpected end of input inside braces");
    EXPECT_TRUE(text.streams.empty());
    const auto pairs =
        validate(request_of({{"b", "c"}, {"a-b", "c"}}, {{kNow, "x", {}}}), limits, kNow);
    EXPECT_EQ(pairs.fatal_status, 400);
    EXPECT_EQ(pairs.fatal_message,
              "couldn't parse labels: 1:3: parse error: unexpected character inside braces: '-'");
    EXPECT_EQ(validate(request_of({{"a b", "c"}}, {}), limits, kNow).fatal_status, 400);
    EXPECT_EQ(
        validate(text_request({std::string((16U << 20U) + 1, ' ')}), limits, kNow).fatal_status,
        413);
}

TEST(Validate, EqualLabelNames) {
    const Limits limits;
    const auto text = validate(text_request({"{a=\"b\", a=\"c\"}", "{x=\"y\"}"}), limits, kNow);
    EXPECT_EQ(text.streams.size(), 1U);
    ASSERT_EQ(text.errors.size(), 1U);
    EXPECT_EQ(text.errors[0],
              "stream '{a=\"b\", a=\"c\", service_name=\"unknown_service\"}' has duplicate label "
              "name: 'a'");
    EXPECT_EQ(text.discarded.at({"duplicate_label_names", {}}).lines, 1U);
    // In JSON the last one wins.
    const auto pairs =
        validate(request_of({{"a", "b"}, {"a", "c"}, {"app", "x"}, {"app", ""}}, {{kNow, "x", {}}}),
                 limits,
                 kNow);
    ASSERT_EQ(pairs.streams.size(), 1U);
    EXPECT_EQ(pairs.streams[0].labels.to_string(), "{a=\"c\", service_name=\"unknown_service\"}");
}

TEST(Validate, ManyErrorsTakeLittleMemory) {
    std::vector<EntryView> entries(100'000, {{0}, "x", {}});
    const auto many =
        validate(request_of({{"a", std::string(2000, 'v')}}, std::move(entries)), Limits(), kNow);
    std::size_t bytes = 0;
    for (const auto& error : many.errors) {
        bytes += error.size();
    }
    EXPECT_LT(bytes, 300'000U);
    EXPECT_EQ(many.errors.size() + many.errors_left_out, 100'000U);
    EXPECT_EQ(many.discarded.at({"greater_than_max_sample_age", {}}).lines, 100'000U);
    const std::string message = validation_message(many.errors, many.errors_left_out);
    EXPECT_TRUE(message.ends_with(" more errors")) << message.substr(message.size() - 30);
    const auto one = validate(
        request_of({{"a", std::string(1'000'000, 'v')}}, {{kNow, "x", {}}}), Limits(), kNow);
    ASSERT_EQ(one.errors.size(), 1U);
    EXPECT_LT(one.errors[0].size(), 300'000U);
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
    EXPECT_EQ(bad.fatal_message,
              "normalization for label name \"\xc3\xa9\" resulted in invalid name \"_\"");
    EXPECT_EQ(normalise_metadata_name("").status().message(), "label name is empty");
    EXPECT_TRUE(bad.streams.empty());
}

std::vector<MetadataView> metadata_of(const Validated& v, std::size_t entry = 0) {
    return v.streams.at(0).entries.at(entry).metadata;
}

using Metadata = std::vector<MetadataView>;

TEST(Validate, EntriesGetTheirLevel) {
    const Limits limits;
    const auto v = validate(request_of({{"app", "a"}},
                                       {{kNow, "an ERROR", {}},
                                        {kNow, "hello", {{"x", "y"}, {"a", "b"}}},
                                        {kNow, "hello", {{"level", "WARNING"}}},
                                        {kNow, "error", {{"detected.level", "Inf"}, {"z", "1"}}},
                                        {kNow, "error", {{"detected_level", "mine"}}},
                                        {kNow, "error", {{"detected_level", ""}}}}),
                            limits,
                            kNow);
    EXPECT_EQ(metadata_of(v, 0), (Metadata{{"detected_level", "error"}}));
    EXPECT_EQ(metadata_of(v, 1), (Metadata{{"a", "b"}, {"detected_level", "unknown"}, {"x", "y"}}));
    EXPECT_EQ(metadata_of(v, 2), (Metadata{{"detected_level", "warn"}, {"level", "WARNING"}}));
    EXPECT_EQ(metadata_of(v, 3), (Metadata{{"detected_level", "info"}, {"z", "1"}}));
    EXPECT_EQ(metadata_of(v, 4), (Metadata{{"detected_level", "mine"}}));
    EXPECT_EQ(metadata_of(v, 5), (Metadata{{"detected_level", "error"}}));
    // The level counts neither as bytes of the push nor against the limit of metadata.
    EXPECT_EQ(v.bytes, 8U + 5 + 4 + 5 + 12 + 5 + 2 + 5 + 5);
    Limits small;
    small.max_structured_metadata_size = 2;
    const auto tight = validate(
        request_of({{"app", "a"}}, {{kNow, "x", {{"k", "v"}, {"detected_level", "critical"}}}}),
        small,
        kNow);
    EXPECT_TRUE(tight.errors.empty());
}

TEST(Validate, LevelsOfLabelsComeFirst) {
    Limits limits;
    // Streams are moved while they are taken; what a short label gives must survive that.
    wire::PushRequest request;
    for (int i = 0; i < 20; ++i) {
        wire::PushStream stream;
        stream.labels = std::vector<LabelPair>{{"lvl", "odd" + std::to_string(i)}};
        stream.entries = {{kNow, "error", {{"level", "debug"}}}};
        request.streams.push_back(std::move(stream));
    }
    const auto v = validate(std::move(request), limits, kNow);
    ASSERT_EQ(v.streams.size(), 20U);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(v.streams[static_cast<std::size_t>(i)].entries[0].metadata[0],
                  (MetadataView{"detected_level", "odd" + std::to_string(i)}));
    }
    const auto error = [] {
        return request_of({{"app", "a"}}, {{kNow, "error", {}}});
    };
    limits.discover_log_levels = false;
    EXPECT_EQ(metadata_of(validate(error(), limits, kNow)), Metadata{});
    limits.discover_log_levels = true;
    limits.allow_structured_metadata = false;
    EXPECT_EQ(metadata_of(validate(error(), limits, kNow)), Metadata{});
}

TEST(Validate, LevelsAreLookedForWhereTheTenantSays) {
    Limits limits;
    limits.log_level_fields = {"prio"};
    const auto level_of = [&](std::string_view line) {
        const auto v = validate(request_of({{"level", "debug"}}, {{kNow, line, {}}}), limits, kNow);
        return std::string(metadata_of(v).at(0).value);
    };
    EXPECT_EQ(level_of("prio=warn level=error"), "warn");
    EXPECT_EQ(level_of(R"({"a":{"b":{"prio":"wrn"}}})"), "unknown");
    limits.log_level_from_json_max_depth = 3;
    EXPECT_EQ(level_of(R"({"a":{"b":{"prio":"wrn"}}})"), "warn");
}

// Exactly the limit is allowed.
TEST(Validate, LabelsAtTheirLimits) {
    Limits limits;
    limits.max_label_name_length = 3;
    limits.max_label_value_length = 4;
    limits.discover_service_name.clear();
    const auto error_of = [&](std::vector<LabelPair> labels) {
        const auto v = validate(request_of(std::move(labels), {{kNow, "x", {}}}), limits, kNow);
        return v.errors.empty() ? "" : v.errors[0];
    };
    EXPECT_EQ(error_of({{"abc", "1234"}}), "");
    EXPECT_EQ(error_of({{"abcd", "1"}}), "stream '{abcd=\"1\"}' has label name too long: 'abcd'");
    EXPECT_EQ(error_of({{"a", "12345"}}),
              "stream '{a=\"12345\"}' has label value too long: '12345'");
    EXPECT_EQ(error_of({}), "error at least one label pair is required per stream");
    EXPECT_EQ(error_of({{"a", ""}}), "error at least one label pair is required per stream");
    limits.max_label_names_per_series = 1;
    EXPECT_EQ(error_of({{"a", "1"}, {"b", "2"}}),
              "entry for stream '{a=\"1\", b=\"2\"}' has 2 label names; limit 1");
    limits.max_label_name_length = 20;
    EXPECT_EQ(error_of({{"a", "1"}, {"service_name", "s"}}), "");
}

TEST(Validate, TimesAtTheirLimits) {
    Limits limits;
    const auto good = [&](Timestamp time) {
        return validate(request_of({{"a", "b"}}, {{time, "x", {}}}), limits, kNow).errors.empty();
    };
    EXPECT_TRUE(good(kNow - Duration::hours(24 * 7)));
    EXPECT_FALSE(good(kNow - Duration::hours(24 * 7) - Duration{1}));
    EXPECT_TRUE(good(kNow + Duration::minutes(10)));
    EXPECT_FALSE(good(kNow + Duration::minutes(10) + Duration{1}));
    limits.reject_old_samples_max_age = Duration::hours(1);
    EXPECT_FALSE(good(kNow - Duration::hours(1) - Duration{1}));
    limits.creation_grace_period = Duration{0};
    EXPECT_FALSE(good(kNow + Duration{1}));
    limits.reject_old_samples = false;
    EXPECT_TRUE(good(Timestamp{0}));
}

// The first check that fails counts: time, line, metadata.
TEST(Validate, EntriesAreCheckedInLokisOrder) {
    Limits limits;
    limits.max_line_size = 1;
    limits.allow_structured_metadata = false;
    const auto reason_of = [&](EntryView entry) {
        const auto v = validate(request_of({{"a", "b"}}, {std::move(entry)}), limits, kNow);
        return v.discarded.empty() ? "" : v.discarded.begin()->first.first;
    };
    const MetadataView pair{"name", "value"};
    EXPECT_EQ(reason_of({Timestamp{0}, "xx", {pair}}), "greater_than_max_sample_age");
    EXPECT_EQ(reason_of({kNow + Duration::hours(1), "xx", {pair}}), "too_far_in_future");
    EXPECT_EQ(reason_of({kNow, "xx", {pair}}), "line_too_long");
    EXPECT_EQ(reason_of({kNow, "x", {pair}}), "disallowed_structured_metadata");
    limits.allow_structured_metadata = true;
    limits.max_structured_metadata_size = 8;
    limits.max_structured_metadata_entries_count = 0;
    EXPECT_EQ(reason_of({kNow, "x", {pair}}), "structured_metadata_too_large");
    limits.max_structured_metadata_size = 9;
    EXPECT_EQ(reason_of({kNow, "x", {pair}}), "structured_metadata_too_many");
    limits.max_structured_metadata_entries_count = 1;
    EXPECT_EQ(reason_of({kNow, "x", {pair}}), "");
    limits.max_line_size = 0;
    EXPECT_EQ(reason_of({kNow, std::string_view("any length"), {}}), "");
}

// The last two as a real Loki says them.
TEST(Validate, MessagesAboutMetadata) {
    Limits limits;
    limits.discover_service_name.clear();
    const auto error_of = [&] {
        return validate(
                   request_of({{"a", "b"}}, {{kNow, "x", {{"k", "v"}, {"l", "w"}}}}), limits, kNow)
            .errors.at(0);
    };
    limits.max_structured_metadata_entries_count = 1;
    EXPECT_EQ(error_of(),
              "stream '{a=\"b\"}' has too many structured metadata labels: '2', limit: '1'. Please "
              "see `limits_config.max_structured_metadata_entries_count` or contact your Loki "
              "administrator to increase it");
    limits.max_structured_metadata_size = 3;
    EXPECT_EQ(error_of(),
              "stream '{a=\"b\"}' has structured metadata too large: '4' bytes, limit: '3' bytes. "
              "Please see `limits_config.max_structured_metadata_size` or contact your Loki "
              "administrator to increase it");
    limits.allow_structured_metadata = false;
    EXPECT_EQ(error_of(),
              "stream '{a=\"b\"}' includes structured metadata, but this feature is disallowed. "
              "Please see `limits_config.allow_structured_metadata` or contact your Loki "
              "administrator to enable it.");
}

TEST(Validate, LongLinesAreCutWhereTheTenantWantsThat) {
    Limits limits;
    limits.max_line_size = 8;
    limits.max_line_size_truncate = true;
    limits.max_line_size_truncate_identifier = "...";
    const auto v = validate(
        request_of({{"a", "b"}},
                   {{kNow, "12345678", {}}, {kNow, "123456789", {}}, {{0}, "old and long", {}}}),
        limits,
        kNow);
    ASSERT_EQ(v.streams.at(0).entries.size(), 2U);
    EXPECT_EQ(v.streams[0].entries[0].line, "12345678");
    EXPECT_EQ(v.streams[0].entries[1].line, "12345...");
    // Lines are cut before anything else is looked at.
    EXPECT_EQ(v.cut_lines, 2U);
    EXPECT_EQ(v.cut_bytes, 4U + 7U);
    EXPECT_EQ(v.discarded.at({"greater_than_max_sample_age", {}}).bytes, 8U);
    limits.max_line_size_truncate_identifier = "longer than a line may be";
    const auto refused =
        validate(request_of({{"a", "b"}}, {{kNow, "123456789", {}}}), limits, kNow);
    EXPECT_EQ(refused.discarded.at({"line_too_long", {}}).lines, 1U);
}

// As a real Loki stores a, b, b, c, and in the others as the rule says.
TEST(Validate, EqualTimesArePartedWhereTheTenantWantsThat) {
    Limits limits;
    limits.increment_duplicate_timestamp = true;
    const auto times = [&](const std::vector<std::pair<std::int64_t, std::string_view>>& lines) {
        std::vector<EntryView> entries;
        for (const auto& [after, line] : lines) {
            entries.push_back({kNow + Duration{after}, line, {}});
        }
        const auto v = validate(request_of({{"a", "b"}}, std::move(entries)), limits, kNow);
        std::vector<std::int64_t> out;
        for (const auto& entry : v.streams.at(0).entries) {
            out.push_back((entry.time - kNow).ns);
        }
        return out;
    };
    using Times = std::vector<std::int64_t>;
    EXPECT_EQ(times({{0, "a"}, {0, "b"}, {0, "b"}, {0, "c"}}), (Times{0, 1, 0, 1}));
    EXPECT_EQ(times({{0, "a"}, {0, "b"}, {0, "c"}}), (Times{0, 1, 2}));
    EXPECT_EQ(times({{0, "a"}, {0, "b"}, {1, "c"}, {5, "d"}}), (Times{0, 1, 2, 5}));
    EXPECT_EQ(times({{0, "a"}, {5, "b"}, {0, "c"}}), (Times{0, 5, 0}));
    limits.increment_duplicate_timestamp = false;
    EXPECT_EQ(times({{0, "a"}, {0, "b"}}), (Times{0, 0}));
}

TEST(Validate, ServicesAreNamedByTheFirstLabelThatIsThere) {
    Limits limits;
    const auto service_of = [&](std::vector<LabelPair> labels, wire::PushFormat format) {
        auto request = request_of(std::move(labels), {{kNow, "x", {}}});
        request.format = format;
        const auto v = validate(std::move(request), limits, kNow);
        return std::string(v.streams.at(0).labels.get("service_name"));
    };
    constexpr auto kLoki = wire::PushFormat::kLoki;
    EXPECT_EQ(service_of({{"job", "j"}, {"app", "a"}, {"service", ""}}, kLoki), "a");
    EXPECT_EQ(service_of({{"job", "j"}, {"service_name", "mine"}}, kLoki), "mine");
    EXPECT_EQ(service_of({{"x", "y"}}, kLoki), "unknown_service");
    EXPECT_EQ(service_of({{"app", "a"}}, wire::PushFormat::kOtlp), "");
    limits.discover_service_name = {"x", "app"};
    EXPECT_EQ(service_of({{"app", "a"}, {"x", "y"}}, kLoki), "y");
    limits.discover_service_name.clear();
    EXPECT_EQ(service_of({{"app", "a"}}, kLoki), "");
}

TEST(Validate, FieldsThatTheTenantWantsBecomeMetadata) {
    Limits limits;
    limits.discover_log_levels = false;
    const StreamPolicies none;
    const fields::HintedFields fields({{"org", {"org_id"}}, {"trace_id", {"trace_id", "traceID"}}});
    const auto run = [&] {
        return validate(
            request_of({{"app", "a"}},
                       {{kNow, "org_id=7 traceID=\"a\xff\"", {{"x", "y"}}},
                        {kNow, "{\"org_id\": 1}", {{"org", "given"}, {"trace_id", "t"}}},
                        {kNow, "nothing", {}}}),
            limits,
            {none, fields, "t", ""},
            kNow);
    };
    const auto v = run();
    EXPECT_EQ(metadata_of(v, 0), (Metadata{{"org", "7"}, {"trace_id", "a "}, {"x", "y"}}));
    EXPECT_EQ(metadata_of(v, 1), (Metadata{{"org", "given"}, {"trace_id", "t"}}));
    EXPECT_EQ(metadata_of(v, 2), Metadata{});
    limits.allow_structured_metadata = false;
    EXPECT_EQ(metadata_of(run()), Metadata{});
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
