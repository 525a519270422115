#include "agent/files/glob.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace logi::agent {
namespace {

struct GlobCase {
    const char* pattern;
    const char* path;
    bool matches;
};

TEST(GlobTest, Matches) {
    const GlobCase cases[] = {
        {"/var/log/*.log", "/var/log/a.log", true},
        {"/var/log/*.log", "/var/log/x/a.log", false},
        {"/var/log/*.log", "/var/log/a.log.1", false},
        {"/var/log/a?.log", "/var/log/ab.log", true},
        {"/var/log/a?.log", "/var/log/a.log", false},
        {"/var/log/**/*.log", "/var/log/a.log", true},
        {"/var/log/**/*.log", "/var/log/x/y/a.log", true},
        {"/var/log/**", "/var/log/x/y", true},
        {"/var/log/**", "/var/lib/x", false},
        {"/a/{b,c/{d,e}}/*.log", "/a/c/e/x.log", true},
        {"/a/{b,c/{d,e}}/*.log", "/a/c/x.log", false},
        {"/a/[a-c]x", "/a/bx", true},
        {"/a/[^a-c]x", "/a/bx", false},
        {"/a/[!a-c]x", "/a/dx", true},
        {"/a/*b*c*", "/a/xbxcx", true},
        {"/a/*b*c*", "/a/xcxb", false},
        {"/a/\\*", "/a/*", true},
        {"/a/\\*", "/a/b", false},
        {"/var/log/pods/*uid/c/*.log", "/var/log/pods/ns_pod_uid/c/0.log", true},
    };
    for (const GlobCase& c : cases) {
        EXPECT_EQ(Glob::parse(c.pattern)->matches(c.path), c.matches) << c.pattern << " " << c.path;
    }
}

TEST(GlobTest, RefusesWhatIsOpen) {
    EXPECT_EQ(message_of(Glob::parse("/a/{b").status()),
              "the pattern '/a/{b' has a brace that is not closed");
    EXPECT_EQ(message_of(Glob::parse("/a/[b").status()),
              "the pattern '/a/[b' has a bracket that is not closed");
}

TEST(GlobTest, FindsFilesAndFoldersToWatch) {
    std::string dir = testing::TempDir() + "glob-XXXXXX";
    ASSERT_NE(::mkdtemp(dir.data()), nullptr);
    namespace fs = std::filesystem;
    fs::create_directories(dir + "/x/y");
    for (const char* name : {"/a.log", "/x/b.log", "/x/y/c.log", "/x/d.txt"}) {
        std::ofstream(dir + name) << "x";
    }
    fs::create_symlink(dir + "/x/d.txt", dir + "/link.log");
    fs::create_symlink(dir, dir + "/x/circle");
    const auto found = [&](const std::string& pattern) {
        std::set<std::string> dirs;
        std::string names;
        for (const std::string& path : Glob::parse(dir + pattern)->find(dirs)) {
            names += path.substr(dir.size()) + " ";
        }
        names += "|";
        for (const std::string& each : dirs) {
            if (each.starts_with(dir)) {
                names += " " + each.substr(dir.size()) + "/";
            }
        }
        return names;
    };
    EXPECT_EQ(found("/*.log"), "/a.log /link.log | /");
    EXPECT_EQ(found("/x/*.log"), "/x/b.log | /x/");
    EXPECT_EQ(found("/none/*.log"), "| /");
    EXPECT_EQ(found("/{a,none}.log"), "/a.log | /");
    EXPECT_EQ(found("/x/**/*.log").substr(0, 19), "/x/b.log /x/circle/");
    fs::remove(dir + "/x/circle");
    EXPECT_EQ(found("/**/*.log"), "/a.log /link.log /x/b.log /x/y/c.log | / /x/ /x/y/");
    fs::remove_all(dir);
}

}  // namespace
}  // namespace logi::agent
