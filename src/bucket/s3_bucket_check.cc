// Checks S3Bucket against a running server, whose address is in LOGI_S3 and, through something that
// loses, repeats and delays, in LOGI_S3_FAULTY; keys are in AWS's variables.
#include "absl/strings/str_cat.h"
#include "bucket/contract.h"
#include "bucket/s3_bucket.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace logi::bucket {
namespace {

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

class World {
  public:
    StatusOr<std::unique_ptr<Bucket>> open(const std::string& variable,
                                           const std::string& prefix,
                                           AwsSecret secret = {}) {
        S3Options options;
        auto address = parse_s3_address(environment(variable).value_or("LOGI_S3 is not set"));
        if (!address.ok()) {
            return address.status();
        }
        options.address = *address;
        options.address.prefix = absl::StrCat(prefix, random_.next_u64());
        prefix_ = options.address.prefix;
        return open(options, std::move(secret));
    }

    StatusOr<std::unique_ptr<Bucket>> open(S3Options options, AwsSecret secret = {}) {
        options.secret = std::move(secret);
        options.environment = environment;
        options.part_bytes = 5 << 20;
        return S3Bucket::open({*files_, clock_, random_, metrics}, executor, options);
    }

    [[nodiscard]] const std::string& prefix() const { return prefix_; }

    base::Registry metrics;
    io::ThreadPool executor{8};

  private:
    const std::unique_ptr<io::FileSystem> files_ = io::make_posix_file_system();
    io::SystemClock clock_;
    io::SystemRandom random_;
    std::string prefix_;
};

TEST(S3Bucket, KeepsTheContract) {
    World world;
    const auto bucket = world.open("LOGI_S3", "contract");
    ASSERT_TRUE(bucket.ok()) << bucket.status();
    check_contract(**bucket, false);
    EXPECT_NE(world.metrics.render().find(
                  "logi_bucket_requests_total{operation=\"put_if_absent\",status=\"412\"}"),
              std::string::npos)
        << world.metrics.render();
}

TEST(S3Bucket, KeepsObjectsInParts) {
    World world;
    const auto bucket = world.open("LOGI_S3", "parts");
    ASSERT_TRUE(bucket.ok()) << bucket.status();
    std::string data;
    io::SeededRandom random(1);
    while (data.size() < (12 << 20)) {
        absl::StrAppend(&data, random.next_u64());
    }
    ASSERT_TRUE((*bucket)->put("large", data).ok());
    EXPECT_EQ(*(*bucket)->size("large"), data.size());
    EXPECT_TRUE(*(*bucket)->get("large") == data);
    EXPECT_EQ(*(*bucket)->get_range("large", (5 << 20) - 3, 6), data.substr((5 << 20) - 3, 6));
}

TEST(S3Bucket, ListsPageByPage) {
    World world;
    const auto bucket = world.open("LOGI_S3", "pages");
    ASSERT_TRUE(bucket.ok()) << bucket.status();
    constexpr int kObjects = 1100;  // a page has 1000
    std::vector<std::string> keys;
    for (int i = 0; i < kObjects; ++i) {
        keys.push_back(absl::StrCat("f/", 10000 + i, "/o"));
        ASSERT_TRUE((*bucket)->put(keys.back(), "x").ok());
    }
    const auto found = (*bucket)->list("f");
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->size(), keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        EXPECT_EQ((*found)[i].key, keys[i]);
    }
    EXPECT_EQ((*bucket)->list_folders("f")->size(), keys.size());
}

TEST(S3Bucket, KeysMayHaveAllTheirCharacters) {
    World world;
    const auto bucket = world.open("LOGI_S3", "keys");
    ASSERT_TRUE(bucket.ok()) << bucket.status();
    for (const std::string text : {"a b", "%41", "ä", "x+y", "a'(b)*!", "=", "a/../b"}) {
        const std::string key = "k/" + escape_key_part(text) + "/o=1";
        ASSERT_TRUE((*bucket)->put_if_absent(key, text).ok()) << key;
        EXPECT_EQ(*(*bucket)->get(key), text);
        EXPECT_TRUE((*bucket)->remove(key).ok());
    }
    EXPECT_TRUE((*bucket)->list("k")->empty());
}

TEST(S3Bucket, OfRacingPutsOneWins) {
    World world;
    const auto bucket = world.open("LOGI_S3", "race");
    ASSERT_TRUE(bucket.ok()) << bucket.status();
    for (int round = 0; round < 20; ++round) {
        const std::string key = absl::StrCat("k", round);
        std::vector<Status> results(8);
        io::wait_for(world.executor, [&](io::Task done) {
            io::for_each_async(
                world.executor,
                results.size(),
                [&](std::size_t i) {
                    results[i] = (*bucket)->put_if_absent(key, std::to_string(i));
                },
                std::move(done));
        });
        int won = 0;
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (results[i].ok()) {
                ++won;
                EXPECT_EQ(*(*bucket)->get(key), std::to_string(i));
            } else {
                EXPECT_EQ(results[i].code(), absl::StatusCode::kAlreadyExists) << results[i];
            }
        }
        EXPECT_EQ(won, 1);
    }
}

TEST(S3Bucket, RefusesWhatCannotWork) {
    World world;
    AwsSecret wrong;
    wrong.access_key = "wrong";
    wrong.secret_key = "wrong";
    EXPECT_EQ(world.open("LOGI_S3", "wrong", wrong).status().code(),
              absl::StatusCode::kFailedPrecondition);
    S3Options absent;
    absent.address = *parse_s3_address(*environment("LOGI_S3"));
    absent.address.name = "no-such-bucket";
    const auto none = world.open(absent);
    EXPECT_EQ(none.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(message_of(none.status()).find("NoSuchBucket"), std::string_view::npos)
        << none.status();
    S3Options nobody;
    nobody.address = *parse_s3_address("s3://b?endpoint=http://127.0.0.1:1");
    EXPECT_EQ(world.open(nobody).status().code(), absl::StatusCode::kUnavailable);
}

// Whatever is lost, repeated or refused on the way: what was reported is true.
TEST(S3BucketOnABadNetwork, TellsTheTruth) {
    World direct;
    const auto truth = direct.open("LOGI_S3", "faults");
    ASSERT_TRUE(truth.ok()) << truth.status();
    World world;
    S3Options options;
    options.address = *parse_s3_address(*environment("LOGI_S3_FAULTY"));
    options.address.prefix = direct.prefix();
    StatusOr<std::unique_ptr<Bucket>> bucket = absl::UnavailableError("");
    for (int i = 0; i < 50 && !bucket.ok(); ++i) {
        bucket = world.open(options);
    }
    ASSERT_TRUE(bucket.ok()) << bucket.status();
    constexpr int kKeys = 100;
    int won = 0;
    int known = 0;
    for (int i = 0; i < kKeys; ++i) {
        const std::string key = absl::StrCat("k/", i);
        const bool taken = i % 3 == 0;
        if (taken) {
            ASSERT_TRUE((*truth)->put_if_absent(key, "theirs").ok());
        }
        const Status status = (*bucket)->put_if_absent(key, "ours");
        if (status.ok()) {
            ++won;
            EXPECT_FALSE(taken);
            EXPECT_EQ(*(*truth)->get(key), "ours");
        } else if (status.code() == absl::StatusCode::kAlreadyExists) {
            EXPECT_TRUE(taken) << key;
        } else {
            EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
        }
        if (const auto found = (*bucket)->get(key); found.ok()) {
            ++known;
            EXPECT_EQ(*found, taken ? "theirs" : "ours");
        }
    }
    // And it is not by giving up.
    EXPECT_GT(won, kKeys / 3);
    EXPECT_GT(known, kKeys / 2);
    const std::string metrics = world.metrics.render();
    EXPECT_NE(metrics.find("logi_bucket_retries_total{"), std::string::npos) << metrics;
    EXPECT_NE(metrics.find("logi_bucket_hedges_total{operation=\"get\"}"), std::string::npos)
        << metrics;
}

}  // namespace
}  // namespace logi::bucket
