"""What the portal is made of: licences and known vulnerabilities of other people's packages."""
