using System.Text;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Tasks;

public sealed class TaskCatalogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Built_in_tasks_are_found_by_name()
    {
        var catalog = new TaskCatalog();
        Assert.Equal(["addition", "counting", "icl-translation", "ioi"], catalog.Names);
        var tasks = catalog.Names.Select(catalog.Find).ToList();
        Assert.Equal(catalog.Names, tasks.Select(t => t.Name));
        Assert.Equal(4, tasks.Select(t => t.Fingerprint).Distinct().Count());
        Assert.Equal(tasks.Select(t => t.Fingerprint), catalog.Names.Select(n => catalog.Find(n).Fingerprint));
    }

    [Fact]
    public void A_mistyped_name_is_answered_with_the_nearest()
    {
        var message = Refusal("adition");
        Assert.Contains("Did you mean 'addition'?", message);
        Assert.Contains("addition, counting, icl-translation, ioi", message);
    }

    [Fact]
    public void A_text_file_is_a_task_whose_repeated_lines_weigh_more()
    {
        var task = Load("own.txt", "\uFEFFone\r\ntwo\n\n  \none\nthree");
        Assert.Equal("own", task.Name);
        Assert.Equal(["one", "two", "three"], Enumerable.Range(0, (int)task.Count!.Value).Select(i => task.TextAt(i)));
        Assert.Equal(Math.Log(0.5), task.LogProbability("one")!.Value, 1e-12);
        Assert.Equal(Math.Log(0.25), task.LogProbability("three")!.Value, 1e-12);
        Assert.Equal(double.NegativeInfinity, task.LogProbability("four"));
        Assert.Contains("'four' is not one of the 3 texts of task 'own'", task.WhyInvalid("four"));
        Assert.Null(task.WhyInvalid("two"));
    }

    [Fact]
    public void Json_lines_give_text_and_weight()
    {
        var task = Load("own.jsonl", """
            {"text": "a\nb", "weight": 3, "label": [1, 2]}

            {"text": "c"}
            """);
        Assert.Equal(2, task.Count);
        Assert.Equal(Math.Log(0.75), task.LogProbability("a\nb")!.Value, 1e-12);
        var random = new RunSeed(5).Stream("draws");
        Assert.InRange(Enumerable.Range(0, 4_000).Count(_ => task.Draw(random) == "c"), 850, 1_150);
    }

    [Fact]
    public void The_fingerprint_of_a_file_follows_texts_and_weights()
    {
        var original = Load("a.txt", "one\ntwo\n").Fingerprint;
        Assert.Equal(original, Load("b.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}").Fingerprint);
        Assert.NotEqual(original, Load("c.txt", "one\ntwo\none\n").Fingerprint);
        Assert.NotEqual(original, Load("d.txt", "onetwo\n").Fingerprint);
    }

    [Fact]
    public void Fields_with_one_value_are_variables_and_part_of_what_the_task_is()
    {
        var task = (TextFileTask)Load("own.jsonl", """
            {"text": "a", "topic": "tea", "size": 2, "warm": true, "tags": [1], "note": null}
            {"text": "b", "topic": "ice"}
            {"text": "a", "topic": "tea", "size": 3}
            """);
        Assert.Equal(["topic"], task.Variables.Where(v => task.ValueOf(v, "b") is not null));
        Assert.Equal("tea", task.ValueOf("topic", "a"));
        Assert.Null(task.ValueOf("size", "a"));
        Assert.Null(task.ValueOf("topic", "c"));
        Assert.Null(task.ValueOf("tags", "a"));
        var other = Load("other.jsonl", "{\"text\": \"a\", \"topic\": \"tea\"}\n{\"text\": \"b\", \"topic\": \"tea\"}");
        var bare = Load("bare.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}");
        Assert.NotEqual(bare.Fingerprint, other.Fingerprint);
    }

    [Fact]
    public void A_first_line_says_how_models_read_instructions()
    {
        const string header = "{\"schema\": \"inversescope/instructions/v1\", \"template\": ";
        var plain = Load("plain.jsonl", header + "\"none\"}\n{\"text\": \"Name a colour. \"}");
        var gemma = (TextFileTask)Load("gemma.jsonl", header + "\"gemma-it\"}\n{\"text\": \"Name a colour. \"}");
        Assert.Equal(1, plain.Count);
        Assert.Equal(["reply"], plain.PositionNames);
        Assert.Equal(13, plain.CharacterAt("reply", "Name a colour. "));
        Assert.Equal("gemma-it", gemma.Format!.Template);
        Assert.Equal(21, gemma.CharacterAt("reply", "…<start_of_turn>model\n"));
        Assert.NotEqual(plain.Fingerprint, gemma.Fingerprint);
        Assert.Null(plain.CharacterAt("end", "Name a colour."));
    }

    [Theory]
    [InlineData("x.jsonl", "{\"schema\":\"other\"}\n{\"text\":\"a\"}", "x.jsonl(1): expected \"schema\": \"inversescope/instructions/v1\"")]
    [InlineData("x.jsonl", "{\"schema\":\"inversescope/instructions/v1\",\"template\":\"gemma-id\"}", "Did you mean 'gemma-it'?")]
    [InlineData("x.jsonl", "{\"schema\":\"inversescope/instructions/v1\",\"tempalte\":\"none\"}", "unknown key 'tempalte'")]
    [InlineData("x.txt", "", "x.txt holds no text. Expected one text in each line.")]
    [InlineData("x.txt", "\n \n", "holds no text")]
    [InlineData("x.jsonl", "", "Expected lines such as {\"text\"")]
    [InlineData("x.jsonl", "{\"text\":\"a\"}\n{\"txt\":\"b\"}", "x.jsonl(2): no field \"text\"")]
    [InlineData("x.jsonl", "{\"text\":5}", "x.jsonl(1): no field \"text\" with a string")]
    [InlineData("x.jsonl", "[1]", "x.jsonl(1): no field \"text\"")]
    [InlineData("x.jsonl", "{\"text\":\" \"}", "\"text\" is empty")]
    [InlineData("x.jsonl", "{\"text\":\"\\ud800\"}", "not valid Unicode")]
    [InlineData("x.jsonl", "{\"text\":\"a\"}\n\n{\"text\":", "x.jsonl(3,")]
    [InlineData("x.jsonl", "{\"text\":\"a\",\"weight\":-1}", "\"weight\" must be a number above 0, found -1")]
    [InlineData("x.jsonl", "{\"text\":\"a\",\"weight\":\"2\"}", "\"weight\" must be a number above 0, found \"2\"")]
    [InlineData("x.jsonl", "{\"text\":\"a\",\"weight\":1e999}", "\"weight\" must be a number above 0")]
    [InlineData("x.txt", "a\nb\0c", "x.txt(2): holds a zero character")]
    [InlineData("x.yaml", "a: [", "not YAML")]
    [InlineData("x.csv", "a", "'.csv' is not a known kind")]
    public void A_faulty_file_is_refused_with_its_line(string name, string content, string reason) =>
        Assert.Contains(reason, Assert.Throws<BadInputException>(() => Load(name, content)).Message);

    [Fact]
    public void A_huge_line_is_refused_without_reading_all_of_it()
    {
        var message = Assert.Throws<BadInputException>(() => Load("x.txt", "a\n" + new string('b', 70_000))).Message;
        Assert.Contains("x.txt(2): longer than 65,536 characters", message);
    }

    [Fact]
    public void A_file_that_is_not_utf8_is_refused()
    {
        File.WriteAllBytes(_folder["latin.txt"], Encoding.Latin1.GetBytes("caf\u00e9\n"));
        Assert.Contains("not UTF-8", Refusal(_folder["latin.txt"]));
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_refused()
    {
        Assert.Contains("no task file", Refusal(_folder["absent.txt"]));
        Assert.Contains("is a folder", Refusal(_folder.Path));
    }

    [Fact]
    public void Tasks_of_the_folder_are_found_by_name()
    {
        File.WriteAllText(_folder["mine.txt"], "a\n");
        File.WriteAllText(_folder["readme.md"], "a\n");
        File.WriteAllText(_folder["addition.txt"], "a\n");
        var catalog = new TaskCatalog(_folder.Path);
        Assert.Equal(["addition", "counting", "icl-translation", "ioi", "mine"], catalog.Names);
        Assert.Equal("mine", catalog.Find("mine").Name);
        Assert.Equal(810_000, catalog.Find("addition").Count);
        Assert.Contains("Did you mean 'mine'?", Assert.Throws<BadInputException>(() => catalog.Find("mien")).Message);
    }

    private ITask Load(string name, string content)
    {
        File.WriteAllText(_folder[name], content);
        return new TaskCatalog().Find(_folder[name]);
    }

    private static string Refusal(string nameOrPath) =>
        Assert.Throws<BadInputException>(() => new TaskCatalog().Find(nameOrPath)).Message;
}
