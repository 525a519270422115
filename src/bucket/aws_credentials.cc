#include "bucket/aws_credentials.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "bucket/s3_address.h"

#include <pugixml.hpp>
#include <simdjson.h>

#include <utility>

namespace logi::bucket {
namespace {

constexpr Duration kRenewBefore = Duration::minutes(5);
constexpr Duration kAskTime = Duration::seconds(5);
constexpr Duration kAskAgain = Duration::seconds(20);
constexpr std::uint64_t kAnswerBytesMax = 1 << 20;
constexpr const char* kMetadataAddress = "http://169.254.169.254";
constexpr const char* kContainerAddress = "http://169.254.170.2";

bool is_new_enough(const std::optional<AwsSecret>& secret, Timestamp now, Duration margin) {
    return secret.has_value() && (!secret->ends.has_value() || now + margin < *secret->ends);
}

// The answer of containers and machines.
StatusOr<AwsSecret> parse_json(const std::string& text) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    AwsSecret secret;
    const auto read = [&](const char* name, std::string& out) {
        std::string_view value;
        if (root[name].get(value) != simdjson::SUCCESS) {
            return false;
        }
        out = std::string(value);
        return true;
    };
    if (parser.parse(text).get(root) != simdjson::SUCCESS ||
        !read("AccessKeyId", secret.access_key) || !read("SecretAccessKey", secret.secret_key)) {
        return absl::FailedPreconditionError("an answer without AccessKeyId and SecretAccessKey");
    }
    read("Token", secret.session_token);
    if (std::string ends; read("Expiration", ends)) {
        LOGI_ASSIGN_OR_RETURN(secret.ends, parse_rfc3339(ends));
    }
    return secret;
}

StatusOr<AwsSecret> parse_xml(const std::string& text) {
    pugi::xml_document document;
    document.load_buffer(text.data(), text.size());
    const pugi::xml_node keys = document.child("AssumeRoleWithWebIdentityResponse")
                                    .child("AssumeRoleWithWebIdentityResult")
                                    .child("Credentials");
    AwsSecret secret;
    secret.access_key = keys.child_value("AccessKeyId");
    secret.secret_key = keys.child_value("SecretAccessKey");
    secret.session_token = keys.child_value("SessionToken");
    if (secret.access_key.empty() || secret.secret_key.empty()) {
        return absl::FailedPreconditionError("an answer without credentials");
    }
    LOGI_ASSIGN_OR_RETURN(secret.ends, parse_rfc3339(keys.child_value("Expiration")));
    return secret;
}

std::string stripped(std::string text) {
    absl::StripAsciiWhitespace(&text);
    return text;
}

// One section of an INI file.
AwsSecret parse_profile(const std::string& text, const std::string& profile) {
    AwsSecret secret;
    bool ours = false;
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    for (const std::string& raw : lines) {
        const std::string line = stripped(raw);
        if (line.starts_with('[')) {
            ours = stripped(line.substr(1, line.find(']') - 1)) == profile;
            continue;
        }
        const std::size_t equals = line.find('=');
        if (!ours || equals == std::string::npos) {
            continue;
        }
        const std::string name = stripped(line.substr(0, equals));
        const std::string value = stripped(line.substr(equals + 1));
        if (name == "aws_access_key_id") {
            secret.access_key = value;
        } else if (name == "aws_secret_access_key") {
            secret.secret_key = value;
        } else if (name == "aws_session_token") {
            secret.session_token = value;
        }
    }
    return secret;
}

StatusOr<std::string> read_file(io::FileSystem& files, const std::string& path) {
    LOGI_ASSIGN_OR_RETURN(const auto file, files.open(path));
    return file->read(0, file->size());
}

}  // namespace

AwsCredentials::AwsCredentials(AwsSecret given,
                               std::string region,
                               Environment environment,
                               io::FileSystem& files,
                               const io::Clock& clock,
                               net::HttpPool& http)
    : given_(std::move(given)),
      region_(std::move(region)),
      environment_(std::move(environment)),
      files_(files),
      clock_(clock),
      http_(http) {}

StatusOr<net::AwsKey> AwsCredentials::get() {
    // One fetches, the others wait for it: without keys they could do nothing.
    const base::MutexLock lock(mutex_);
    const Timestamp now = clock_.now();
    const bool lasts = is_new_enough(known_, now, Duration{});
    if (!is_new_enough(known_, now, kRenewBefore) && (!lasts || now >= fetch_after_)) {
        fetch_after_ = now + kAskAgain;
        auto fetched = fetch();
        if (fetched.ok()) {
            known_ = *std::move(fetched);
        } else if (!lasts) {
            return fetched.status();
        } else {
            base::log_warn("keys for the bucket could not be renewed",
                           {{"error", std::string(fetched.status().message())}});
        }
    }
    return net::AwsKey{region_, known_->access_key, known_->secret_key, known_->session_token};
}

StatusOr<AwsSecret> AwsCredentials::fetch() {
    if (!given_.access_key.empty()) {
        return given_;
    }
    const auto value_of = [&](const char* name) {
        return environment_(name).value_or("");
    };
    if (AwsSecret secret{value_of("AWS_ACCESS_KEY_ID"),
                         value_of("AWS_SECRET_ACCESS_KEY"),
                         value_of("AWS_SESSION_TOKEN"),
                         std::nullopt};
        !secret.access_key.empty() && !secret.secret_key.empty()) {
        return secret;
    }
    if (const std::string file = value_of("AWS_WEB_IDENTITY_TOKEN_FILE"); !file.empty()) {
        return from_web_identity(file);
    }
    LOGI_ASSIGN_OR_RETURN(auto profile, from_profile());
    if (profile.has_value()) {
        return *std::move(profile);
    }
    if (const std::string url = value_of("AWS_CONTAINER_CREDENTIALS_FULL_URI"); !url.empty()) {
        return from_container(url);
    }
    if (const std::string path = value_of("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        !path.empty()) {
        return from_container(kContainerAddress + path);
    }
    if (value_of("AWS_EC2_METADATA_DISABLED") == "true") {
        return absl::FailedPreconditionError(
            "there are no keys for the bucket: neither in the configuration nor in "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a web identity, a credentials file or a "
            "container's address");
    }
    return from_machine();
}

StatusOr<std::string> AwsCredentials::ask(const net::PoolRequest& request) {
    LOGI_ASSIGN_OR_RETURN(auto answer, http_.send(request));
    constexpr int kOk = 200;
    if (answer.http.status != kOk) {
        return absl::UnavailableError(absl::StrCat("keys for the bucket: ",
                                                   request.url.substr(0, request.url.find('?')),
                                                   " answered ",
                                                   answer.http.status));
    }
    return std::move(answer.http.body);
}

StatusOr<AwsSecret> AwsCredentials::from_web_identity(const std::string& token_file) {
    LOGI_ASSIGN_OR_RETURN(const std::string token, read_file(files_, token_file));
    net::PoolRequest request;
    request.timeout = kAskTime;
    request.response_bytes_max = kAnswerBytesMax;
    const std::string endpoint =
        environment_("AWS_ENDPOINT_URL_STS")
            .value_or(absl::StrCat("https://sts.", region_, ".amazonaws.com"));
    request.url =
        absl::StrCat(endpoint,
                     "/?Action=AssumeRoleWithWebIdentity&RoleArn=",
                     s3_escape(environment_("AWS_ROLE_ARN").value_or(""), false),
                     "&RoleSessionName=",
                     s3_escape(environment_("AWS_ROLE_SESSION_NAME").value_or("logi"), false),
                     "&Version=2011-06-15&WebIdentityToken=",
                     s3_escape(stripped(token), false));
    LOGI_ASSIGN_OR_RETURN(const std::string answer, ask(request));
    return parse_xml(answer);
}

StatusOr<std::optional<AwsSecret>> AwsCredentials::from_profile() {
    const auto named = environment_("AWS_SHARED_CREDENTIALS_FILE");
    const auto home = environment_("HOME");
    if (!named.has_value() && !home.has_value()) {
        return std::optional<AwsSecret>();
    }
    const std::string path = named.value_or(home.value_or("") + "/.aws/credentials");
    const auto text = read_file(files_, path);
    if (!text.ok()) {
        if (!named.has_value()) {
            return std::optional<AwsSecret>();
        }
        return text.status();
    }
    const std::string profile = environment_("AWS_PROFILE").value_or("default");
    AwsSecret secret = parse_profile(*text, profile);
    if (secret.access_key.empty() || secret.secret_key.empty()) {
        if (!named.has_value() && !environment_("AWS_PROFILE").has_value()) {
            return std::optional<AwsSecret>();
        }
        return absl::FailedPreconditionError(
            absl::StrCat(path, ": profile ", profile, " has no keys"));
    }
    // Files change under a running server; they are read again now and then.
    secret.ends = clock_.now() + kRenewBefore + kRenewBefore;
    return std::optional(std::move(secret));
}

StatusOr<AwsSecret> AwsCredentials::from_container(const std::string& url) {
    net::PoolRequest request;
    request.timeout = kAskTime;
    request.response_bytes_max = kAnswerBytesMax;
    request.url = url;
    std::string token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
    if (const auto file = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        LOGI_ASSIGN_OR_RETURN(token, read_file(files_, *file));
    }
    if (!token.empty()) {
        request.headers.emplace_back("Authorization", stripped(std::move(token)));
    }
    LOGI_ASSIGN_OR_RETURN(const std::string answer, ask(request));
    return parse_json(answer);
}

StatusOr<AwsSecret> AwsCredentials::from_machine() {
    const std::string address =
        environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(kMetadataAddress);
    net::PoolRequest request;
    request.timeout = kAskTime;
    request.response_bytes_max = kAnswerBytesMax;
    request.method = "PUT";
    request.url = address + "/latest/api/token";
    request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}};
    LOGI_ASSIGN_OR_RETURN(const std::string token, ask(request));
    request.method = "GET";
    request.headers = {{"X-aws-ec2-metadata-token", token}};
    request.url = address + "/latest/meta-data/iam/security-credentials/";
    LOGI_ASSIGN_OR_RETURN(const std::string roles, ask(request));
    const std::string role = stripped(roles.substr(0, roles.find('\n')));
    absl::StrAppend(&request.url, s3_escape(role, false));
    LOGI_ASSIGN_OR_RETURN(const std::string answer, ask(request));
    return parse_json(answer);
}

}  // namespace logi::bucket
