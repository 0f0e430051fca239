// Throw-away certificates, made by OpenSSL for each test.
#pragma once

#include "base/secret.h"

#include <memory>
#include <string>

namespace winrm::test {

struct certificate_wish
{
    std::string common_name = "test host";
    std::string names = "DNS:web1.example,IP:127.0.0.1"; ///< subjectAltName, "" = none
    long from = -3600, until = 3600;                     ///< seconds from now
    bool authority = false;
};

/// A certificate with its key; signed by `issuer`, or by itself.
class certificate
{
public:
    explicit certificate(const certificate_wish& wish, const certificate* issuer = nullptr);
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] base::secret key_pem() const;
    struct impl;

private:
    std::shared_ptr<impl> impl_;
};

/// Text in a file that goes with this object.
class temporary_file
{
public:
    explicit temporary_file(const std::string& text);
    ~temporary_file();
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace winrm::test
