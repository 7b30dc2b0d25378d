using InverseScope.Core;

namespace InverseScope.Cli.Tests;

public sealed class FaultReportTests
{
    public static TheoryData<Exception, int, string> Failures => new()
    {
        { new BadInputException("There is no file 'x'."), 2, "There is no file 'x'." },
        { new OutsideServiceException("The store cannot be written."), 3, "The store cannot be written." },
        { new IOException("No space left on device : '/x'", 28), 3, "the disk is full: No space left on device : '/x'" },
        { new OperationCanceledException(), 4, "stopped; what was done before is kept." },
        { new FileNotFoundException("Could not find file '/x'."), 2, "Could not find file '/x'." },
        { new UnauthorizedAccessException("Access to '/x' is denied."), 2, "Access to '/x' is denied." },
        { new AggregateException(new BadInputException("one", "mend it")), 2, "one" },
        { new InvalidOperationException("first line\nsecond line"), 70, "InvalidOperationException: first line" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Every_failure_has_its_exit_code_and_one_line(Exception failure, int code, string what)
    {
        var found = FaultReport.Classify(failure);

        Assert.Equal((code, what), (found.Code, found.What));
    }

    [Fact]
    public void A_fault_of_ours_keeps_its_stack_trace_in_a_file_and_off_the_screen()
    {
        using var folder = new TempFolder();
        using var error = new StringWriter();
        using var shell = new Shell(TextWriter.Null, error, TimeProvider.System);
        var parse = CommandLine.CreateRoot(shell).Parse(["task", "list", "--home", folder.Path]);

        var code = FaultReport.Failure(Thrown(new InvalidOperationException("broken")), parse, shell);

        var file = Assert.Single(Directory.GetFiles(folder.Path));
        Assert.Equal(70, code);
        Assert.Contains($"Details: {file}", error.ToString());
        Assert.DoesNotContain("   at ", error.ToString());
        Assert.Contains("   at ", File.ReadAllText(file));
        Assert.Contains("task list", File.ReadAllText(file));
    }

    [Fact]
    public void With_debugging_on_the_stack_trace_is_shown()
    {
        using var folder = new TempFolder();
        using var error = new StringWriter();
        using var shell = new Shell(TextWriter.Null, error, TimeProvider.System) { Debug = true };
        var parse = CommandLine.CreateRoot(shell).Parse(["task", "list", "--home", folder.Path]);

        FaultReport.Failure(Thrown(new InvalidOperationException("broken")), parse, shell);

        Assert.Contains("   at ", error.ToString());
    }

    // Only what was thrown has a stack trace.
    private static Exception Thrown(Exception exception) => Assert.ThrowsAny<Exception>((Action)(() => throw exception));
}
