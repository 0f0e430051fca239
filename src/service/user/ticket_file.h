// A ticket that a client has forwarded, as a cache file of its login's own.
#pragma once

#include "base/secret.h"

#include <memory>
#include <string>

namespace winrm::service::user {

/// Goes with this object.
class ticket_file
{
public:
    /// In /run/user/UID where that is the account's own folder, else in /tmp; mode 0600.
    /// @param bytes  of a cache file.  @return nullptr: it cannot be written
    [[nodiscard]] static std::shared_ptr<const ticket_file> make(const base::secret& bytes);
    ~ticket_file();
    ticket_file(const ticket_file&) = delete;
    ticket_file& operator=(const ticket_file&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// Value of KRB5CCNAME.
    [[nodiscard]] std::string name() const { return "FILE:" + path_; }

private:
    explicit ticket_file(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

} // namespace winrm::service::user
