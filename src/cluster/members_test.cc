#include "cluster/members.h"

#include "bucket/memory_bucket.h"
#include "io/sim_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

namespace logi::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MembersTest : public ::testing::Test {
  protected:
    std::unique_ptr<Members> join(const std::string& id,
                                  const std::string& roles,
                                  bool calls = true) {
        auto members =
            std::make_unique<Members>(executor_, bucket_, metrics_, Member{id, "", "1.2.3", roles});
        members->start(calls ? id + ".example:3102" : "");
        return members;
    }

    void pass(int looks) {
        const Timestamp end =
            clock_.now() + Duration{Members::kLook.ns * looks} + Duration::seconds(1);
        executor_.post_after(end - clock_.now(), [] {});
        while (clock_.now() < end) {
            executor_.run_one();
        }
        executor_.run_until_idle();
    }

    static std::vector<std::string> ids(const std::vector<Member>& members) {
        std::vector<std::string> out;
        for (const Member& member : members) {
            out.push_back(member.id);
        }
        return out;
    }

    io::SimClock clock_;
    io::SimExecutor executor_{1, clock_};
    bucket::MemoryBucket bucket_;
    base::Registry metrics_;
};

TEST_F(MembersTest, EachKnowsTheOthers) {
    const auto a = join("a", "read");
    const auto b = join("b", "write");
    const auto c = join("c", "read,write", false);
    EXPECT_THAT(ids(a->all()), ElementsAre("a"));  // itself at once
    pass(2);
    EXPECT_THAT(ids(a->all()), ElementsAre("a", "b", "c"));
    EXPECT_EQ(a->all()[1], (Member{"b", "b.example:3102", "1.2.3", "write"}));
    EXPECT_EQ(a->count("write"), 2);
    EXPECT_EQ(b->count("read"), 2);
    EXPECT_EQ(b->count("compact"), 1);
    EXPECT_THAT(ids(b->ranked_for("read", "key")), ElementsAre("a"));  // c takes no calls
    EXPECT_THAT(metrics_.render(),
                HasSubstr("logi_cluster_members{roles=\"write\",version=\"1.2.3\"} 3"));
}

TEST_F(MembersTest, WhoLeavesIsGoneAtTheNextLookAndForgotten) {
    const auto a = join("a", "read");
    const auto b = join("b", "read");
    pass(2);
    b->leave();
    EXPECT_THAT(ids(b->all()), ElementsAre("a"));
    pass(1);
    EXPECT_THAT(ids(a->all()), ElementsAre("a"));
    EXPECT_EQ(bucket_.list("members")->size(), 1U);
    pass(5);
    EXPECT_THAT(ids(a->all()), ElementsAre("a"));
}

TEST_F(MembersTest, WhoIsSilentIsDeadAfterSomeLooksAndLivesWhenItSpeaksAgain) {
    const auto a = join("a", "read");
    const std::string text = "beat 7\naddress x:1\nversion 2\nroles read";
    pass(1);
    ASSERT_TRUE(bucket_.put("members/x", text).ok());
    pass(1);
    EXPECT_THAT(ids(a->all()), ElementsAre("a", "x"));  // it was seen to come
    pass(Members::kDeadAfterLooks);
    EXPECT_THAT(ids(a->all()), ElementsAre("a"));
    EXPECT_EQ(bucket_.list("members")->size(), 1U);
    ASSERT_TRUE(bucket_.put("members/x", text).ok());
    pass(1);
    EXPECT_THAT(ids(a->all()), ElementsAre("a", "x"));
}

TEST_F(MembersTest, ADeadProcessIsSilent) {
    const auto a = join("a", "read");
    auto b = join("b", "read");
    pass(2);
    b.reset();
    pass(1);
    EXPECT_THAT(ids(a->all()), ElementsAre("a", "b"));
    pass(Members::kDeadAfterLooks);
    EXPECT_THAT(ids(a->all()), ElementsAre("a"));
}

// Else each start would wait for whoever died before, and divide limits by them.
TEST_F(MembersTest, WhatDeadOnesHaveLeftIsNobody) {
    ASSERT_TRUE(bucket_.put("members/x", "beat 9\naddress x:1\nversion 2\nroles write").ok());
    const auto a = join("a", "write");
    for (int i = 0; i < 2 * Members::kDeadAfterLooks; ++i) {
        pass(1);
        EXPECT_THAT(ids(a->all()), ElementsAre("a"));
        EXPECT_EQ(a->count("write"), 1);
    }
    EXPECT_EQ(bucket_.list("members")->size(), 1U);
}

TEST(Member, WhatLaterVersionsSayIsLeftOut) {
    const auto member =
        parse_member("m", "beat 3\naddress h:1\nzone b\nroles read,fly\nversion 9.9");
    ASSERT_TRUE(member.has_value());
    EXPECT_EQ(*member, (Member{"m", "h:1", "9.9", "read,fly"}));
    EXPECT_TRUE(member->has_role("read"));
    EXPECT_TRUE(member->has_role("fly"));
    EXPECT_FALSE(member->has_role("rea"));
    EXPECT_EQ(parse_member("m", "beat 1"), (Member{"m", "", "", ""}));
    for (const char* text : {"", "ended", "rubbish\naddress h:1"}) {
        EXPECT_FALSE(parse_member("m", text).has_value()) << text;
    }
    const Member sly{"m", "h:1\nroles write", "1", "read"};
    EXPECT_FALSE(parse_member("m", "beat 1\n" + facts_of(sly))->has_role("write"));
}

TEST(Ranked, KeysAreSpreadAndStayWhereTheyAre) {
    std::vector<Member> members;
    for (const char* id : {"a", "b", "c", "d"}) {
        members.push_back({id, "", "", ""});
    }
    std::map<std::string, int> counts;
    for (int i = 0; i < 4000; ++i) {
        const std::string key = "segment-" + std::to_string(i);
        const auto order = ranked(members, key);
        ASSERT_EQ(order.size(), 4U);
        ++counts[order[0].id];
        EXPECT_EQ(ranked({members.rbegin(), members.rend()}, key), order);
        // Without the first, everything else is as it was.
        std::vector<Member> left = members;
        std::erase(left, order[0]);
        EXPECT_EQ(ranked(left, key), std::vector<Member>(order.begin() + 1, order.end()));
    }
    for (const auto& [id, count] : counts) {
        EXPECT_GT(count, 850) << id;
        EXPECT_LT(count, 1150) << id;
    }
}

}  // namespace
}  // namespace logi::cluster
