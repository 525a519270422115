// What every bucket keeps, as a test.
#pragma once

#include "bucket/bucket.h"

#include <gtest/gtest.h>

namespace logi::bucket {

// `tells_absence`: remove() says kNotFound of what is not there.
inline void check_contract(Bucket& bucket, bool tells_absence = true) {
    EXPECT_EQ(bucket.get("a/x").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(bucket.size("a/x").status().code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(bucket.put_if_absent("a/x", "one").ok());
    EXPECT_EQ(bucket.put_if_absent("a/x", "two").code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(*bucket.get("a/x"), "one");
    EXPECT_TRUE(bucket.put("a/x", "three").ok());
    EXPECT_EQ(*bucket.get_range("a/x", 2, 3), "ree");
    EXPECT_EQ(bucket.get_range("a/x", 2, 4).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(*bucket.size("a/x"), 5U);
    EXPECT_TRUE(bucket.put("a/deep/y", "").ok());
    EXPECT_TRUE(bucket.put("ab/z", "z").ok());
    const auto objects = bucket.list("a");
    ASSERT_TRUE(objects.ok()) << objects.status();
    ASSERT_EQ(objects->size(), 2U);
    EXPECT_EQ((*objects)[0].key, "a/deep/y");
    EXPECT_EQ((*objects)[1].key, "a/x");
    EXPECT_EQ(*bucket.list_folders("a"), std::vector<std::string>{"deep"});
    EXPECT_TRUE(bucket.list("none")->empty());
    EXPECT_TRUE(bucket.list_folders("none")->empty());
    EXPECT_TRUE(bucket.remove("a/x").ok());
    EXPECT_EQ(bucket.get("a/x").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(bucket.remove("a/x").code(),
              tells_absence ? absl::StatusCode::kNotFound : absl::StatusCode::kOk);
}

}  // namespace logi::bucket
