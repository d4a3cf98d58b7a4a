-- purpose: refused rows by feed and reason
-- column feed text feed of the load
-- column file text file name
-- column reason text reason of the closed list
-- column records int number of refused rows
-- column first_line int first line refused for it
SELECT feed, file, reason, count(*) AS records, min(line) AS first_line
FROM rejects
GROUP BY feed, file, reason
ORDER BY feed, file, reason
