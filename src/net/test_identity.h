// For tests: certificates made on the spot.
#pragma once

#include <gtest/gtest.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>

namespace logi::net {

// A certificate and its key, signed by another or by itself.
class Identity {
  public:
    Identity(const std::string& common_name, const std::string& names, const Identity* signer) {
        key_ = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
        certificate_ = X509_new();
        X509_set_version(certificate_, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate_), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(certificate_), -kDaySeconds);
        X509_gmtime_adj(X509_getm_notAfter(certificate_), kDaySeconds);
        X509_set_pubkey(certificate_, key_);
        X509_NAME* subject = X509_get_subject_name(certificate_);
        X509_NAME_add_entry_by_txt(subject,
                                   "CN",
                                   MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.c_str()),
                                   -1,
                                   -1,
                                   0);
        X509_set_issuer_name(
            certificate_,
            X509_get_subject_name(signer == nullptr ? certificate_ : signer->certificate_));
        add(NID_basic_constraints, signer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
        if (!names.empty()) {
            add(NID_subject_alt_name, names);
        }
        EXPECT_GT(X509_sign(certificate_, signer == nullptr ? key_ : signer->key_, EVP_sha256()),
                  0);
    }
    ~Identity() {
        X509_free(certificate_);
        EVP_PKEY_free(key_);
    }
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;

    [[nodiscard]] std::string certificate() const {
        return text([this](BIO* bio) { return PEM_write_bio_X509(bio, certificate_); });
    }
    [[nodiscard]] std::string key() const {
        return text([this](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key_, nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

  private:
    static constexpr long kDaySeconds = 86'400;

    void add(int kind, const std::string& value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
        X509_add_ext(certificate_, extension, -1);
        X509_EXTENSION_free(extension);
    }
    template <typename Write>
    static std::string text(Write write) {
        BIO* bio = BIO_new(BIO_s_mem());
        EXPECT_EQ(write(bio), 1);
        char* data = nullptr;
        const long size = BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data);
        std::string out(data, static_cast<std::size_t>(size));
        BIO_free(bio);
        return out;
    }

    static inline long serial_ = 0;
    EVP_PKEY* key_;
    X509* certificate_;
};

}  // namespace logi::net
