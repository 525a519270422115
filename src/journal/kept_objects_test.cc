#include "journal/kept_objects.h"

#include <gtest/gtest.h>

namespace logi::journal {
namespace {

std::vector<std::string> texts(const StatusOr<KeptObjects::Objects>& found) {
    std::vector<std::string> out;
    for (const auto& object : found->objects) {
        out.push_back(*object);
    }
    return out;
}

using Texts = std::vector<std::string>;

TEST(KeptObjects, GivesWhatIsBehindANumber) {
    KeptObjects kept(100);
    EXPECT_EQ(kept.after(7, 0).status().code(), absl::StatusCode::kNotFound);
    kept.add(7, 1, "one");
    kept.add(7, 2, "two");
    kept.add(8, 1, "other");
    EXPECT_EQ(texts(kept.after(7, 0)), Texts({"one", "two"}));
    EXPECT_EQ(texts(kept.after(7, 1)), Texts({"two"}));
    EXPECT_EQ(texts(kept.after(7, 2)), Texts());
    EXPECT_EQ(kept.after(7, 2)->last, 2U);
    // Of what it does not have yet there is nothing.
    EXPECT_EQ(texts(kept.after(7, 5)), Texts());
    kept.forget(7);
    EXPECT_EQ(kept.after(7, 2).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(texts(kept.after(8, 0)), Texts({"other"}));
}

TEST(KeptObjects, SaysWhatItHasForgotten) {
    KeptObjects kept(8);
    kept.add(7, 1, "1111");
    kept.add(7, 2, "2222");
    kept.add(7, 3, "3333");
    EXPECT_EQ(kept.after(7, 0).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(texts(kept.after(7, 1)), Texts({"2222", "3333"}));
    // Larger than all that may be kept.
    kept.add(7, 4, "444444444");
    EXPECT_EQ(kept.after(7, 3).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(texts(kept.after(7, 4)), Texts());
    kept.add(7, 5, "55");
    EXPECT_EQ(kept.after(7, 3).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(texts(kept.after(7, 4)), Texts({"55"}));
    EXPECT_EQ(kept.after(7, 4)->last, 5U);
}

}  // namespace
}  // namespace logi::journal
