#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "io/sim_file_system.h"
#include "rule/bucket_rules.h"
#include "rule/folder_rules.h"

#include <gmock/gmock.h>

#include <set>

namespace logi::rule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

RuleStore::Edit add(const std::string& name_space, const std::string& group) {
    return [=](Namespaces& namespaces) {
        namespaces[name_space][group].name = group;
        return absl::OkStatus();
    };
}

std::set<std::string> groups_of(RuleStore& store, const std::string& tenant) {
    std::set<std::string> names;
    const auto set = store.load(tenant);
    EXPECT_TRUE(set.ok()) << set.status();
    for (const auto& [name, groups] : (*set)->namespaces) {
        for (const auto& [group, unused] : groups) {
            names.insert(group);
        }
    }
    return names;
}

TEST(BucketRules, EachTenantHasItsOwn) {
    bucket::MemoryBucket bucket;
    io::SeededRandom random(1);
    BucketRules a(bucket, random);
    BucketRules b(bucket, random);
    ASSERT_TRUE(a.change("one/../x", add("n", "g")).ok());
    ASSERT_TRUE(b.change("two", add("n", "h")).ok());
    ASSERT_TRUE(b.change("one/../x", add("m", "i")).ok());
    EXPECT_THAT(groups_of(a, "one/../x"), ElementsAre("g", "i"));
    EXPECT_THAT(groups_of(a, "two"), ElementsAre("h"));
    EXPECT_THAT(groups_of(a, "three"), ElementsAre());
    const auto all = a.load_all();
    ASSERT_TRUE(all.ok());
    EXPECT_THAT(*all, SizeIs(2));
    EXPECT_EQ(all->at("one/../x")->number, 2U);
    // What an edit refuses is not done.
    EXPECT_EQ(a.change("two",
                       [](Namespaces& namespaces) {
                           namespaces.clear();
                           return absl::NotFoundError("no");
                       })
                  .message(),
              "no");
    EXPECT_THAT(groups_of(b, "two"), ElementsAre("h"));
}

TEST(BucketRules, OldObjectsAreRemoved) {
    bucket::MemoryBucket bucket;
    io::SeededRandom random(1);
    BucketRules store(bucket, random);
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(store.change("t", add("n", std::to_string(i))).ok());
    }
    EXPECT_LE(bucket.list("rules").value().size(), 10U);
    EXPECT_THAT(groups_of(store, "t"), SizeIs(40));
}

TEST(BucketRules, DamageIsTold) {
    bucket::MemoryBucket bucket;
    io::SeededRandom random(1);
    BucketRules store(bucket, random);
    ASSERT_TRUE(bucket.put("rules/t/00000000000000000001", "nothing of the kind").ok());
    const Status status = store.load("t").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()), HasSubstr("rules/t/00000000000000000001"));
    EXPECT_EQ(store.change("t", add("n", "g")).code(), absl::StatusCode::kDataLoss);
}

// Writers that get into each other's way over a network that fails: what was acknowledged is
// there, and what was refused is not, unless nobody could know.
TEST(BucketRules, NoAcknowledgedChangeIsLost) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        bucket::MemoryBucket bucket;
        bucket::FaultyNetwork network(bucket, seed);
        io::SeededRandom random(seed);
        std::vector<std::unique_ptr<BucketRules>> writers;
        std::vector<std::unique_ptr<bucket::FaultyBucket>> ways;
        std::set<std::string> acknowledged;
        int depth = 0;
        int made = 0;
        const auto change = [&] {
            const std::string name = std::to_string(made++);
            if (writers[random.below(writers.size())]->change("t", add("n", name)).ok()) {
                acknowledged.insert(name);
            }
        };
        for (int i = 0; i < 3; ++i) {
            // While one waits, others work: sometimes for long.
            ways.push_back(std::make_unique<bucket::FaultyBucket>(
                network, bucket::BucketFaults{20, 20, 20, 20, 20}, [&] {
                    network.deliver_some();
                    if (depth < 1 && random.below(10) == 0) {
                        ++depth;
                        for (std::uint64_t n = random.below(6); n > 0; --n) {
                            change();
                        }
                        --depth;
                    }
                }));
            writers.push_back(std::make_unique<BucketRules>(*ways.back(), random));
        }
        for (int i = 0; i < 15; ++i) {
            change();
        }
        BucketRules reader(bucket, random);
        const auto found = groups_of(reader, "t");
        for (const std::string& name : acknowledged) {
            ASSERT_TRUE(found.contains(name)) << "seed " << seed << ", change " << name;
        }
        EXPECT_GT(acknowledged.size(), 3U) << seed;
    }
}

TEST(FolderRules, ReadsFilesAsTheyAre) {
    io::SimFileSystem files(1);
    const auto write = [&](const std::string& path, std::string_view text) {
        files.remove(path).IgnoreError();
        auto file = files.create(path);
        ASSERT_TRUE(file.ok());
        ASSERT_TRUE((*file)->append(text).ok());
    };
    FolderRules store(files, "/rules");
    EXPECT_THAT(store.load_all().value(), SizeIs(0));
    ASSERT_TRUE(files.make_dirs("/rules/t").ok());
    write("/rules/t/a.yaml",
          "groups: [{name: g, rules: [{record: r, expr: vector(1)}]}, {name: h}]");
    write("/rules/t/b.yaml", "groups: [{name: g, rules: [{record: r}]}]");
    write("/rules/t/c.yaml", "groups: [{name: i}, {name: i}]");
    const auto first = store.load_all();
    ASSERT_TRUE(first.ok());
    EXPECT_THAT(*first, ElementsAre(Pair("t", testing::_)));
    EXPECT_THAT(groups_of(store, "t"), ElementsAre("g", "h"));
    EXPECT_EQ(store.load("t").value()->number, first->at("t")->number);
    write("/rules/t/b.yaml", "groups: [{name: j}]");
    EXPECT_THAT(groups_of(store, "t"), ElementsAre("g", "h", "j"));
    EXPECT_NE(store.load("t").value()->number, first->at("t")->number);
    // What is half written does not end what was there.
    const auto number = store.load("t").value()->number;
    write("/rules/t/a.yaml", "groups: [{name: g, rules: [{record: r");
    EXPECT_THAT(groups_of(store, "t"), ElementsAre("g", "h", "j"));
    EXPECT_EQ(store.load("t").value()->number, number);
    EXPECT_THAT(groups_of(store, "u"), testing::IsEmpty());
    write("/rules/t/a.yaml", "groups: [{name: k}]");
    EXPECT_THAT(groups_of(store, "t"), ElementsAre("j", "k"));
    ASSERT_TRUE(files.remove("/rules/t/a.yaml").ok());
    EXPECT_THAT(groups_of(store, "t"), ElementsAre("j"));
    write("/rules/t/a.yaml", "groups: {");
    EXPECT_THAT(groups_of(store, "t"), ElementsAre("j"));
    EXPECT_TRUE(store.read_only());
    EXPECT_EQ(store.change("t", add("n", "g")).code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace logi::rule
