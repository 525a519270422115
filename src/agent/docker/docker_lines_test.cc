#include "agent/docker/docker_lines.h"

#include "base/rfc3339.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace logi::agent {
namespace {

using ::testing::ElementsAre;

std::string frame(char output, const std::string& text) {
    std::string header = {output, 0, 0, 0, 0, 0, 0, 0};
    header[6] = static_cast<char>(text.size() >> 8U);
    header[7] = static_cast<char>(text.size() & 0xFFU);
    return header + text;
}

std::string told(const DockerLine& line) {
    return (line.is_error ? "err " : "out ") + format_rfc3339(line.time) + " " +
           std::string(line.text);
}

// What comes of it in pieces of so many bytes.
std::vector<std::string> lines_of(const std::string& bytes, bool has_frames, std::size_t piece) {
    DockerLines lines(has_frames);
    std::vector<std::string> out;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const Status status =
            lines.take(std::string_view(bytes).substr(at, piece),
                       [&](const DockerLine& line) { out.push_back(told(line)); });
        EXPECT_TRUE(status.ok()) << status;
    }
    return out;
}

TEST(DockerLines, JoinsFramesOfALineOfEachOutput) {
    const std::string bytes = frame(1, "2026-01-02T03:04:05.000000001Z one\n") +
                              frame(1, "2026-01-02T03:04:06Z first half, ") +
                              frame(2, "2026-01-02T03:04:07.5Z error\r\n") +
                              frame(1, "2026-01-02T03:04:08Z second half\n") +
                              frame(1, "2026-01-02T03:04:09Z \n") +
                              frame(2, "2026-01-02T03:04:10Z a\n2026-01-02T03:04:11Z b\n") +
                              frame(1, "2026-01-02T03:04:12Z not ended");
    for (const std::size_t piece : {1U, 2U, 7U, 8U, 9U, 50U, 1000U}) {
        EXPECT_THAT(lines_of(bytes, true, piece),
                    ElementsAre("out 2026-01-02T03:04:05.000000001Z one",
                                "err 2026-01-02T03:04:07.5Z error",
                                "out 2026-01-02T03:04:06Z first half, second half",
                                "out 2026-01-02T03:04:09Z ",
                                "err 2026-01-02T03:04:10Z a",
                                "err 2026-01-02T03:04:11Z b"))
            << piece;
    }
}

TEST(DockerLines, TerminalsHaveNoFrames) {
    const std::string bytes = "2026-01-02T03:04:05Z one\r\n2026-01-02T03:04:06Z two\n";
    for (const std::size_t piece : {1U, 3U, 100U}) {
        EXPECT_THAT(lines_of(bytes, false, piece),
                    ElementsAre("out 2026-01-02T03:04:05Z one", "out 2026-01-02T03:04:06Z two"));
    }
}

TEST(DockerLines, LongLinesComeInPieces) {
    const std::string text(DockerLines::kLineBytesMax + 3, 'x');
    const std::string stamp = "2026-01-02T03:04:05Z ";
    for (const std::size_t piece : {std::size_t{1000}, text.size() + 100}) {
        EXPECT_THAT(lines_of(stamp + text + "\n" + stamp + "next\n", false, piece),
                    ElementsAre("out 2026-01-02T03:04:05Z " + text.substr(3),
                                "out 2026-01-02T03:04:05.000000001Z xxx",
                                "out 2026-01-02T03:04:05Z next"));
    }
}

TEST(DockerLines, RefusesWhatIsNoSuchAnswer) {
    const auto ignore = [](const DockerLine&) {
    };
    EXPECT_TRUE(absl::IsDataLoss(DockerLines(true).take("<html>..", ignore)));
    EXPECT_TRUE(absl::IsDataLoss(DockerLines(true).take(frame(1, "no time\n"), ignore)));
    EXPECT_TRUE(absl::IsDataLoss(DockerLines(false).take(std::string(100, '1'), ignore)));
}

}  // namespace
}  // namespace logi::agent
