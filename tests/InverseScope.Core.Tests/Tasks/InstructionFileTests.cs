using CsCheck;
using InverseScope.Core.Tasks;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Tasks;

/// <summary>Stand-ins in the published formats: what they ask for harms nobody.</summary>
public sealed class InstructionFileTests : IDisposable
{
    private const string HarmBench = """
        Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID
        "Explain how to burn a cake, and why",standard,kitchen,,,burn_cake
        Sing the whole of a lullaby,copyright,songs,hash_check,,lullaby
        Say what the passage above is about,contextual,kitchen,context,"A recipe.
        It has two lines.",passage

        """;

    private const string JailbreakBench = """
        Index,Goal,Target,Behavior,Category,Source
        0,"Write ""boo"" on a wall",Sure,Noise,Pranks,Original
        1,Hide a spoon,Sure,Hiding,Pranks,AdvBench
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AdvBench_is_its_goals() => Assert.Equal(
        [new("Hide a spoon", "advbench", true, null), new("Burn a cake", "advbench", true, null)],
        Read(InstructionSource.AdvBench, "a.csv", "\uFEFFgoal,target\r\nHide a spoon,\"Sure, here\"\r\nBurn a cake,Sure\r\n").Instructions);

    [Fact]
    public void A_line_may_end_in_a_carriage_return_alone() => Assert.Equal(
        ["Hide a spoon", "Burn a cake"],
        Read(InstructionSource.AdvBench, "a.csv", "goal,target\rHide a spoon,Sure\rBurn a cake,Sure\r\n").Instructions.Select(i => i.Text));

    [Theory]
    [InlineData("""[{"instruction": 5}]""", "'instruction' must be a text, found 5")]
    [InlineData("""[{"instruction": "a", "input": 5}]""", "'input' must be a text, found 5")]
    public void What_is_no_text_is_not_taken_for_one(string content, string message) =>
        Assert.Contains($"a.json, entry 1: {message}", Assert.Throws<BadInputException>(() => Read(InstructionSource.Alpaca, "a.json", content)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_in_another_encoding_is_refused_with_its_line()
    {
        File.WriteAllBytes(_folder["a.csv"], [.. "goal,target\nMake tea,Sure\nVisit a caf"u8, 0xE9, .. ",Sure\n"u8]);
        var refused = Assert.Throws<BadInputException>(() => InstructionFile.Read(InstructionSource.AdvBench, _folder["a.csv"]));
        Assert.Equal($"{_folder["a.csv"]}(3): not UTF-8. Convert the file to UTF-8.", refused.Message);
    }

    [Fact]
    public void HarmBench_has_categories_and_rows_that_need_a_context_are_left_out()
    {
        var content = Read(InstructionSource.HarmBench, "h.csv", HarmBench);
        Assert.Equal(
            [new("Explain how to burn a cake, and why", "harmbench", true, "kitchen"), new("Sing the whole of a lullaby", "harmbench", true, "songs")],
            content.Instructions);
        Assert.Equal(1, content.WithoutContext);
    }

    [Fact]
    public void JailbreakBench_is_read_as_csv_and_as_json_and_its_other_half_is_harmless()
    {
        Instruction[] expected = [new("Write \"boo\" on a wall", "jailbreakbench", true, "Pranks"), new("Hide a spoon", "jailbreakbench", true, "Pranks")];
        Assert.Equal(expected, Read(InstructionSource.JailbreakBench, "j.csv", JailbreakBench).Instructions);
        Assert.Equal(expected, Read(InstructionSource.JailbreakBench, "j.json", """
            [{"Index": 0, "Goal": "Write \"boo\" on a wall", "Category": "Pranks"}, {"Index": 1, "Goal": "Hide a spoon", "Category": "Pranks"}]
            """).Instructions);
        Assert.Equal(
            expected.Select(i => i with { IsHarmful = false }),
            Read(InstructionSource.JailbreakBenchBenign, "b.csv", JailbreakBench).Instructions);
    }

    [Fact]
    public void Alpaca_is_instruction_and_input_unless_that_is_a_placeholder() => Assert.Equal(
        ["Name a colour.", "Sort these.\nb, a", "Say hello.", "Say no."],
        Read(InstructionSource.Alpaca, "a.json", """
            [
              {"instruction": "Name a colour.", "input": "", "output": "Red."},
              {"instruction": "Sort these.", "input": " b, a ", "output": "a, b"},
              {"instruction": "Say hello.", "input": "<noinput>", "output": "Hello."},
              {"instruction": "Say no.", "input": "N/A", "output": "No."}
            ]
            """).Instructions.Select(i => i.IsHarmful ? "harmful" : i.Text));

    [Fact]
    public void Collected_lines_say_themselves_what_is_harmful()
    {
        var content = Read(InstructionSource.JailbreakBench, "j.jsonl", """
            {"id": "a", "text": "Hide a spoon", "source": "jailbreakbench", "harmful": true, "category": "Pranks", "n_gpt2": 3}
            {"id": "b", "text": "Find a spoon", "source": "jailbreakbench", "harmful": false}

            {"id": "c", "text": "Sum it up", "harmful": true, "has_context": true}
            """);
        Assert.Equal(
            [new("Hide a spoon", "jailbreakbench", true, "Pranks"), new("Find a spoon", "jailbreakbench", false, null)], content.Instructions);
        Assert.Equal(1, content.WithoutContext);
    }

    [Theory]
    [InlineData("a.csv", "prompt,target\nHide a spoon,Sure\n", "a.csv(1): there is no column 'goal'. Found: prompt, target.")]
    [InlineData("a.csv", "Make tea,Sure\n", "a.csv(1): there is no column 'goal'. Found: Make tea, Sure.")]
    [InlineData("a.csv", "<html><body>rate limited</body></html>", "Found: <html><body>rate limited</body></html>.")]
    [InlineData("a.jsonl", "{\"text\": \"a\"}\n{\"text\": 5}", "a.jsonl(2): 'text' must be a text, found 5")]
    [InlineData("a.json", "[{\"goal\": \"a\"}, {\"goal\": [1]}]", "a.json, entry 2: 'goal' must be a text, found [1]")]
    [InlineData("a.csv", "goal,target\nHide a spoon\n", "a.csv(2): 1 fields, but the header names 2")]
    [InlineData("a.csv", "goal,target\n\"Hide a spoon,Sure\n", "a.csv(2): a quote is opened here and never closed")]
    [InlineData("a.csv", "goal,Goal\na,b\n", "a.csv(1): two columns have the same name")]
    [InlineData("a.csv", "goal,target\n\" \",Sure\n", "a.csv(2): the instruction is empty")]
    [InlineData("a.csv", "goal,target\n", "holds no instruction")]
    [InlineData("a.json", "{\"goal\": \"a\"}", "expected an array of objects")]
    [InlineData("a.json", "[1]", "entry 1: expected an object")]
    [InlineData("a.json", "[", "not JSON")]
    [InlineData("a.jsonl", "{\"text\": \"a\"}\n{", "a.jsonl(2): not JSON")]
    [InlineData("a.jsonl", "{\"text\": \"a\", \"harmful\": \"maybe\"}", "\"harmful\" must be true or false, found 'maybe'")]
    [InlineData("a.jsonl", "{\"text\": \"a\", \"source\": \"alpaca\"}", "this is of 'alpaca', not of 'advbench'")]
    [InlineData("a.jsonl", "{\"text\": \"\\ud800\"}", "not valid Unicode")]
    [InlineData("a.txt", "a", "'.txt' is not .csv, .json or .jsonl")]
    public void What_is_not_the_published_format_is_refused_with_its_place(string file, string content, string message) =>
        Assert.Contains(message, Assert.Throws<BadInputException>(() => Read(InstructionSource.AdvBench, file, content)).Message);

    [Fact]
    public void Whatever_is_quoted_comes_back() => Gen.String[Gen.Char["ab ,\"\n\r;é"], 0, 12].Array[2, 3].Array[1, 5].Sample(rows =>
    {
        rows = [.. rows.Select(row => row.Concat(["", "", ""]).Take(3).ToArray())];
        static string Quoted(string field) => $"\"{field.Replace("\"", "\"\"")}\"";
        var text = "x,y,z\n" + string.Join('\n', rows.Select(row => string.Join(',', row.Select(Quoted))));
        Assert.Equal(rows, CsvReader.Read(text, "a.csv").Select(r => new[] { r.Fields["x"], r.Fields["y"], r.Fields["z"] }));
    });

    [Fact]
    public void The_same_instruction_is_kept_once_and_as_harmful_if_any_set_says_so()
    {
        var found = InstructionCollection.Of(
            [
                new("Hide a spoon.", "alpaca", false, null), new("Burn a cake", "advbench", true, null),
                new("burn  a cake!", "harmbench", true, "kitchen"), new("hide a SPOON", "advbench", true, null), new("?!", "alpaca", false, null),
                new("!?", "alpaca", false, null),
            ], null, 0);
        Assert.Equal(
            [
                new("Burn a cake", "advbench", true, "kitchen"), new("hide a SPOON", "advbench", true, null), new("?!", "alpaca", false, null),
                new("!?", "alpaca", false, null),
            ],
            found.Instructions);
        Assert.Equal((2, 0, 0), (found.Repeated, found.TooLong, found.Unreadable));
    }

    [Fact]
    public void What_is_too_long_or_cannot_be_read_is_left_out_and_counted()
    {
        var found = InstructionCollection.Of(
            [new("one two", "alpaca", false, null), new("one two three", "alpaca", false, null), new("zzz", "alpaca", false, null)],
            text => text == "zzz" ? null : text.Split(' ').Length, 2);
        Assert.Equal("one two", Assert.Single(found.Instructions).Text);
        Assert.Equal((0, 1, 1), (found.Repeated, found.TooLong, found.Unreadable));
    }

    [Fact]
    public void What_no_line_of_a_task_file_holds_is_too_long()
    {
        Instruction Of(int characters) => new(new string('a', characters), "alpaca", false, null);
        var found = InstructionCollection.Of([Of(65_000), Of(65_536), new("Name a colour.", "alpaca", false, null)], null, 0);
        Assert.Equal([65_000, 14], found.Instructions.Select(i => i.Text.Length));
        Assert.Equal(1, found.TooLong);
        File.WriteAllText(_folder["own.jsonl"], found.Print(InstructionFormat.Of("none")!));
        Assert.Equal(2, new TaskCatalog().Find(_folder["own.jsonl"]).Count);
    }

    [Fact]
    public void What_is_printed_is_a_task_with_what_the_sets_say()
    {
        var found = InstructionCollection.Of(
            [new("Hide \"é\"\n<b>", "harmbench", true, "Pranks"), new("Name a colour.", "alpaca", false, null)], null, 0);
        File.WriteAllText(_folder["own.jsonl"], found.Print(InstructionFormat.Of("llama-3-instruct")!));
        var task = (TextFileTask)new TaskCatalog().Find(_folder["own.jsonl"]);
        Assert.Equal(["Hide \"é\"\n<b>", "Name a colour."], Enumerable.Range(0, 2).Select(i => task.TextAt(i)));
        Assert.Equal("llama-3-instruct", task.Format!.Template);
        Assert.Equal(["source", "harmful", "category"], task.Variables);
        Assert.Equal(("harmbench", "true", "Pranks"), (Of(task, "source", 0), Of(task, "harmful", 0), Of(task, "category", 0)));
        Assert.Equal(("false", null), (Of(task, "harmful", 1), Of(task, "category", 1)));
        static string? Of(TextFileTask task, string variable, int row) => task.ValueOf(variable, task.TextAt(row));
    }

    [Fact]
    public void The_collected_sets_are_read_as_they_lie()
    {
        var folder = Shared.Path("data/refusal");
        InstructionFileContent Of(InstructionSource source, string file) => InstructionFile.Read(source, Path.Combine(folder, file));
        var (advbench, harmbench) = (Of(InstructionSource.AdvBench, "advbench.jsonl"), Of(InstructionSource.HarmBench, "harmbench.jsonl"));
        var (jailbreakbench, alpaca) = (Of(InstructionSource.JailbreakBench, "jailbreakbench.jsonl"), Of(InstructionSource.Alpaca, "alpaca.jsonl"));
        Assert.Equal((520, 300, 100), (advbench.Instructions.Count, harmbench.Instructions.Count, harmbench.WithoutContext));
        Assert.Equal((100, 100), (jailbreakbench.Instructions.Count(i => i.IsHarmful), jailbreakbench.Instructions.Count(i => !i.IsHarmful)));
        Assert.Equal((38_031, 0), (alpaca.Instructions.Count, alpaca.Instructions.Count(i => i.IsHarmful)));
        var found = InstructionCollection.Of(
            [.. advbench.Instructions, .. harmbench.Instructions, .. jailbreakbench.Instructions], null, 0);
        // 20 of JailbreakBench's are AdvBench's or HarmBench's, less what needs a context there.
        Assert.InRange(found.Repeated, 11, 20);
        Assert.Equal(1_020 - found.Repeated, found.Instructions.Count);
    }

    private InstructionFileContent Read(InstructionSource source, string name, string content)
    {
        File.WriteAllText(_folder[name], content);
        return InstructionFile.Read(source, _folder[name]);
    }
}
