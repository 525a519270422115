// Commits that replace segments, delete requests, and what is found of them after crashes and
// damage.
#include "bucket/memory_bucket.h"
#include "catalog/catalog.h"
#include "io/sim_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace logi::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A bucket whose puts fail when it is told so, before or after they had their effect.
class FaultyBucket final : public bucket::Bucket {
  public:
    enum class Fault { kNone, kLost, kReplyLost };
    Fault fault = Fault::kNone;

    Status put(const std::string& key, std::string_view data) override {
        return inner_.put(key, data);
    }
    Status put_if_absent(const std::string& key, std::string_view data) override {
        if (fault == Fault::kLost) {
            return absl::UnavailableError("no");
        }
        const Status s = inner_.put_if_absent(key, data);
        return fault == Fault::kReplyLost ? absl::UnavailableError("who knows") : s;
    }
    StatusOr<std::string> get(const std::string& key) override { return inner_.get(key); }
    StatusOr<std::string> get_range(const std::string& key,
                                    std::uint64_t offset,
                                    std::uint64_t length) override {
        return inner_.get_range(key, offset, length);
    }
    StatusOr<std::uint64_t> size(const std::string& key) override { return inner_.size(key); }
    StatusOr<std::vector<bucket::ObjectInfo>> list(const std::string& prefix) override {
        return inner_.list(prefix);
    }
    StatusOr<std::vector<std::string>> list_folders(const std::string& prefix) override {
        return inner_.list_folders(prefix);
    }
    Status remove(const std::string& key) override { return inner_.remove(key); }

  private:
    bucket::MemoryBucket inner_;
};

class Replace : public ::testing::Test {
  protected:
    std::unique_ptr<Catalog> open() {
        auto opened = Catalog::open(bucket_, clock_, random_, "t", {});
        EXPECT_TRUE(opened.ok()) << opened.status();
        return *std::move(opened);
    }
    SegmentInfo put(const std::string& key) {
        SegmentInfo info;
        info.key = key;
        EXPECT_TRUE(bucket_.put(info.key, "segment").ok());
        return info;
    }
    // Flushes one more segment.
    SegmentInfo flush(Catalog& catalog) {
        FlushCommit commit{1, next_, next_ + 1, {}, 0};
        commit.segments.push_back(put(catalog.new_segment_key(commit)));
        ++next_;
        EXPECT_TRUE(catalog.commit(commit).ok());
        return commit.segments.front();
    }
    static std::vector<std::string> keys(const Catalog& catalog) {
        std::vector<std::string> keys;
        const auto snapshot = catalog.snapshot();
        for (const auto& s : snapshot->segments) {
            keys.push_back(s.key);
        }
        return keys;
    }
    std::vector<std::string> files() {
        std::vector<std::string> keys;
        const auto objects = bucket_.list("tenants/t/segments");
        for (const auto& object : *objects) {
            keys.push_back(object.key);
        }
        return keys;
    }
    Status add_delete(Catalog& catalog, const std::string& id) {
        return catalog.edit_deletes([&](std::vector<DeleteRequest>& deletes, std::uint64_t) {
            deletes.push_back({id, "{a=\"b\"}", {1}, {2}, {3}, {{1, 5}}, 0, 0, {}});
            return absl::OkStatus();
        });
    }
    static std::vector<std::string> ids(const Catalog& catalog) {
        std::vector<std::string> ids;
        const auto snapshot = catalog.snapshot();
        for (const auto& request : snapshot->deletes) {
            ids.push_back(request.id);
        }
        return ids;
    }
    std::string newest() { return bucket_.list("tenants/t/catalog")->back().key; }

    FaultyBucket bucket_;
    io::SimClock clock_;
    io::SeededRandom random_{1};
    std::uint64_t next_ = 0;
};

TEST_F(Replace, InputsStayAsLongAsASnapshotNamesThem) {
    auto catalog = open();
    const SegmentInfo a = flush(*catalog);
    const SegmentInfo b = flush(*catalog);
    auto pinned = catalog->snapshot();
    const SegmentInfo merged = put(catalog->new_merged_key());
    ASSERT_TRUE(catalog->replace({{a.key, b.key}, {merged}}).ok());
    EXPECT_THAT(keys(*catalog), ElementsAre(merged.key));
    EXPECT_EQ(catalog->remove_retired(), 2U);
    EXPECT_EQ(files().size(), 3U);
    // A younger snapshot does not hold them.
    const auto younger = catalog->snapshot();
    pinned.reset();
    EXPECT_EQ(catalog->remove_retired(), 0U);
    EXPECT_THAT(files(), ElementsAre(merged.key));
    EXPECT_THAT(keys(*open()), ElementsAre(merged.key));
}

TEST_F(Replace, OfTwoCompactionsOfOneInputOneCommits) {
    auto catalog = open();
    const SegmentInfo a = flush(*catalog);
    const SegmentInfo b = flush(*catalog);
    auto other = open();
    const SegmentInfo first = put(catalog->new_merged_key());
    const SegmentInfo second = put(other->new_merged_key());
    ASSERT_NE(first.key, second.key);
    ASSERT_TRUE(catalog->replace({{a.key, b.key}, {first}}).ok());
    EXPECT_EQ(other->replace({{b.key}, {second}}).code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(other->remove_retired(), 0U);
    EXPECT_EQ(catalog->remove_retired(), 0U);
    EXPECT_THAT(files(), ElementsAre(first.key));
}

TEST_F(Replace, FlushesInBetweenStay) {
    auto catalog = open();
    const SegmentInfo a = flush(*catalog);
    const SegmentInfo merged = put(catalog->new_merged_key());
    const SegmentInfo b = flush(*catalog);
    ASSERT_TRUE(catalog->replace({{a.key}, {merged}}).ok());
    EXPECT_THAT(keys(*catalog), ElementsAre(b.key, merged.key));
    // Nothing may be left at all: everything was deleted.
    ASSERT_TRUE(catalog->replace({{b.key, merged.key}, {}}).ok());
    EXPECT_THAT(keys(*open()), IsEmpty());
}

// Whether a commit counts is known when the next one does.
TEST_F(Replace, OutputsOfUnknownCommitsAreNotRemovedTooEarly) {
    for (const auto fault : {FaultyBucket::Fault::kLost, FaultyBucket::Fault::kReplyLost}) {
        auto catalog = open();
        const SegmentInfo a = flush(*catalog);
        const SegmentInfo merged = put(catalog->new_merged_key());
        bucket_.fault = fault;
        EXPECT_EQ(catalog->replace({{a.key}, {merged}}).code(), absl::StatusCode::kUnavailable);
        bucket_.fault = FaultyBucket::Fault::kNone;
        catalog->remove_retired();
        EXPECT_TRUE(bucket_.get(merged.key).ok());
        EXPECT_TRUE(bucket_.get(a.key).ok());
        flush(*catalog);
        catalog->remove_retired();
        EXPECT_EQ(bucket_.get(merged.key).ok(), fault == FaultyBucket::Fault::kReplyLost);
        for (const auto& key : keys(*catalog)) {
            EXPECT_TRUE(bucket_.get(key).ok());
        }
        EXPECT_EQ(bucket_.get(a.key).ok(), fault == FaultyBucket::Fault::kLost);
    }
}

TEST_F(Replace, LeftoversOfCompactionAreSwept) {
    auto catalog = open();
    const SegmentInfo a = flush(*catalog);
    put(catalog->new_merged_key());  // the process died before the commit
    EXPECT_THAT(keys(*open()), ElementsAre(a.key));
    EXPECT_THAT(files(), ElementsAre(a.key));
    // And so are inputs of which the process died before it removed them.
    const SegmentInfo merged = put(catalog->new_merged_key());
    ASSERT_TRUE(catalog->replace({{a.key}, {merged}}).ok());
    EXPECT_THAT(keys(*open()), ElementsAre(merged.key));
    EXPECT_THAT(files(), ElementsAre(merged.key));
}

// The snapshot that named the merged segment is damaged or gone, the inputs are removed.
TEST_F(Replace, LostSnapshotsLoseNoMergedSegment) {
    for (const bool damaged : {false, true}) {
        auto catalog = open();
        const SegmentInfo a = flush(*catalog);
        const SegmentInfo merged = put(catalog->new_merged_key());
        const SegmentInfo b = flush(*catalog);
        ASSERT_TRUE(catalog->replace({{a.key}, {merged}}).ok());
        ASSERT_EQ(catalog->remove_retired(), 0U);
        if (damaged) {
            ASSERT_TRUE(bucket_.put(newest(), "rubbish").ok());
        } else {
            ASSERT_TRUE(bucket_.remove(newest()).ok());
        }
        catalog = open();
        EXPECT_EQ(keys(*catalog), files());
        EXPECT_THAT(files(), ::testing::IsSupersetOf({merged.key, b.key}));
    }
}

TEST_F(Replace, DeleteRequestsSurviveTheirSnapshot) {
    for (const bool damaged : {false, true}) {
        auto catalog = open();
        flush(*catalog);
        const std::string id = damaged ? "first" : "second";
        ASSERT_TRUE(add_delete(*catalog, id).ok());
        if (damaged) {
            ASSERT_TRUE(bucket_.put(newest(), "rubbish").ok());
        } else {
            ASSERT_TRUE(bucket_.remove(newest()).ok());
        }
        catalog = open();
        EXPECT_THAT(ids(*catalog), ::testing::Contains(id));
        EXPECT_EQ(catalog->snapshot()->deletes.back().arrived.at(1), 5U);
        flush(*catalog);
        EXPECT_THAT(ids(*open()), ::testing::Contains(id));
    }
}

TEST_F(Replace, EndedDeleteRequestsDoNotComeBack) {
    auto catalog = open();
    ASSERT_TRUE(add_delete(*catalog, "cancelled").ok());
    ASSERT_TRUE(add_delete(*catalog, "processed").ok());
    const auto objects = bucket_.list("tenants/t/deletes");
    ASSERT_EQ(objects->size(), 2U);
    std::map<std::string, std::string> before;
    for (const auto& object : *objects) {
        before[object.key] = *bucket_.get(object.key);
    }
    ASSERT_TRUE(catalog
                    ->edit_deletes([](std::vector<DeleteRequest>& deletes, std::uint64_t) {
                        deletes.erase(deletes.begin());
                        deletes.front().processed_at = {5};
                        return absl::OkStatus();
                    })
                    .ok());
    EXPECT_THAT(*bucket_.list("tenants/t/deletes"), IsEmpty());
    // The process died before the objects were removed.
    for (const auto& [key, object] : before) {
        ASSERT_TRUE(bucket_.put(key, object).ok());
    }
    catalog = open();
    EXPECT_THAT(ids(*catalog), ElementsAre("processed"));
    EXPECT_FALSE(catalog->snapshot()->deletes.front().pending());
    EXPECT_THAT(*bucket_.list("tenants/t/deletes"), IsEmpty());
}

TEST_F(Replace, AnEditThatIsRefusedChangesNothing) {
    auto catalog = open();
    const std::uint64_t number = catalog->snapshot()->number;
    EXPECT_EQ(catalog
                  ->edit_deletes([](std::vector<DeleteRequest>& deletes, std::uint64_t) {
                      deletes.clear();
                      return absl::NotFoundError("no");
                  })
                  .code(),
              absl::StatusCode::kNotFound);
    EXPECT_EQ(catalog->snapshot()->number, number);
}

TEST(DeleteObject, EveryChangedOrMissingByteIsNoticed) {
    const DeleteRequest request{"id", "{a=\"b\"}", {1}, {2}, {3}, {{1, 5}}, 4, 5, {}};
    const std::string bytes = encode_delete_object(request);
    ASSERT_EQ(*decode_delete_object(bytes), request);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        EXPECT_FALSE(decode_delete_object(changed).ok()) << i;
        EXPECT_FALSE(decode_delete_object(std::string_view(bytes).substr(0, i)).ok()) << i;
    }
}

}  // namespace
}  // namespace logi::catalog
